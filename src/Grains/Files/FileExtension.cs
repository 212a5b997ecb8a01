using Microsoft.Extensions.Options;
using Podflare.Guests;
using Podflare.Telemetry;
using Podflare.Tenants;

namespace Podflare.Files;

/// <inheritdoc cref="IFileExtension"/>
/// <remarks>It runs on the grain's scheduler, but only hands references on: the bytes move in the connection to the guest.</remarks>
public sealed class FileExtension(IGrainContext grain, IOptions<FileOptions> options, SandboxTraces traces, TimeProvider time) : IFileExtension
{
    private const int MaxMode = 4_095;

    private readonly FileTransfers _transfers = new(grain, options.Value, traces, time);

    public Task<FileOpened> OpenRead(Guid id, TenantId tenant, FilePath path, CancellationToken cancellationToken) =>
        OpenReadAsync(id, tenant, new FileTask("read", path.Bytes), cancellationToken);

    public Task<FileOpened> OpenRead(Guid id, TenantId tenant, FilePath path, FileRange? range, FileConditions conditions, CancellationToken cancellationToken)
    {
        Guard(conditions);
        if (range is { From: < 0 } or { Length: < 1 }) throw new InvalidRequestException("range", "must have a byte");
        return OpenReadAsync(id, tenant, new FileTask("read", path.Bytes).With(range).With(conditions), cancellationToken);
    }

    public Task OpenArchive(Guid id, TenantId tenant, FilePath path, CancellationToken cancellationToken) =>
        OpenReadAsync(id, tenant, new FileTask("tar_read", path.Bytes), cancellationToken);

    public Task<FileChunk?> Read(Guid id, long offset, CancellationToken cancellationToken)
    {
        var transfer = _transfers.Find(id, offset);
        return _transfers.StepAsync(id, transfer, async step =>
        {
            var frame = await transfer.Ahead!.WaitAsync(step);
            if (frame.Type is FrameType.FileEnd)
            {
                _transfers.Remove(id);
                return null;
            }

            // A reader that asks for this chunk is done with the one before the last. It may be sending the last one right now.
            transfer.BeforeLast?.Return();
            (transfer.BeforeLast, transfer.Last) = (transfer.Last, frame.Data!);
            transfer.Offset += frame.Data!.Length;
            RequestNext(transfer);
            return frame.Data;
        }, cancellationToken);
    }

    public Task OpenWrite(Guid id, TenantId tenant, FilePath path, long? size, CancellationToken cancellationToken) =>
        OpenWriteAsync(id, tenant, new FileTask("write", path.Bytes) { Size = size }, cancellationToken);

    public Task OpenWrite(Guid id, TenantId tenant, FilePath path, long? size, FileConditions conditions, CancellationToken cancellationToken)
    {
        Guard(conditions);
        return OpenWriteAsync(id, tenant, new FileTask("write", path.Bytes) { Size = size }.With(conditions), cancellationToken);
    }

    public Task OpenExtract(Guid id, TenantId tenant, FilePath path, bool gzip, CancellationToken cancellationToken) =>
        OpenWriteAsync(id, tenant, new FileTask("tar_write", path.Bytes) { Gzip = gzip }, cancellationToken);

    public Task Write(Guid id, long offset, FileChunk chunk, CancellationToken cancellationToken)
    {
        var transfer = _transfers.Find(id, offset);
        return _transfers.StepAsync(id, transfer, async step =>
        {
            transfer.Guest.Send(FrameType.FileData, chunk.Bytes);
            var next = await transfer.Guest.ReadAsync(FrameType.FileNext, step);
            transfer.Offset += chunk.Length;
            chunk.Took();
            return next;
        }, cancellationToken);
    }

    public Task Commit(Guid id, long length, CancellationToken cancellationToken) => EndAsync(id, length, cancellationToken);

    public async Task<FileEntry?> Publish(Guid id, long length, CancellationToken cancellationToken)
    {
        var path = _transfers.Find(id, length).Path;
        return (await EndAsync(id, length, cancellationToken)).FindEntry(path);
    }

    public async Task<ArchiveSummary> Extract(Guid id, long length, CancellationToken cancellationToken) => (await EndAsync(id, length, cancellationToken)).Summary();

    public Task KeepAlive(Guid id)
    {
        _transfers.KeepAlive(id);
        return Task.CompletedTask;
    }

    public Task Close(Guid id)
    {
        _transfers.Remove(id, "cancelled");
        return Task.CompletedTask;
    }

    public Task Delete(TenantId tenant, FilePath path, CancellationToken cancellationToken) =>
        _transfers.CallAsync(tenant, new FileTask("delete", path.Bytes), cancellationToken);

    public Task Delete(TenantId tenant, FilePath path, bool recursive, FileConditions conditions, CancellationToken cancellationToken)
    {
        Guard(conditions);
        return _transfers.CallAsync(tenant, new FileTask("delete", path.Bytes) { Recursive = recursive }.With(conditions), cancellationToken);
    }

    public async Task<FilePage> List(TenantId tenant, FilePath path, byte[]? after, int limit, CancellationToken cancellationToken)
    {
        var listed = await _transfers.CallAsync(tenant, new FileTask("list", path.Bytes) { After = after, Limit = limit }, cancellationToken);
        return listed.Page();
    }

    public async Task<FilePage> ListTree(TenantId tenant, FilePath path, int depth, byte[]? after, int limit, CancellationToken cancellationToken)
    {
        if (depth is < 1 or > FilePage.MaxDepth) throw new InvalidRequestException("depth", $"must be 1 to {FilePage.MaxDepth}");
        if (limit is < 1 or > FilePage.MaxEntries) throw new InvalidRequestException("limit", $"must be 1 to {FilePage.MaxEntries}");
        var listed = await _transfers.CallAsync(tenant, new FileTask("tree", path.Bytes) { Depth = depth, After = after, Limit = limit }, cancellationToken);
        return listed.Tree(path);
    }

    public async Task<FileEntry> Stat(TenantId tenant, FilePath path, bool followLinks, CancellationToken cancellationToken) =>
        (await _transfers.CallAsync(tenant, new FileTask("stat", path.Bytes) { Follow = followLinks }, cancellationToken)).Entry(path);

    public async Task<DirectoryCreation> CreateDirectory(TenantId tenant, FilePath path, int? mode, bool parents, CancellationToken cancellationToken)
    {
        if (mode is < 0 or > MaxMode) throw new InvalidRequestException("mode", "must be permissions, such as 0755");
        var done = await _transfers.CallAsync(tenant, new FileTask("mkdir", path.Bytes) { Mode = mode, Parents = parents }, cancellationToken);
        return new DirectoryCreation(done.Entry(path), done.Created());
    }

    public async Task<FileEntry> Move(TenantId tenant, FilePath from, FilePath to, bool overwrite, bool parents, CancellationToken cancellationToken)
    {
        var task = new FileTask("move", from.Bytes) { Overwrite = overwrite, Parents = parents }.With(to);
        return (await _transfers.CallAsync(tenant, task, cancellationToken)).Entry(to);
    }

    public async Task<FileEntry> Copy(TenantId tenant, FilePath from, FilePath to, bool overwrite, bool parents, bool recursive, CancellationToken cancellationToken)
    {
        var task = new FileTask("copy", from.Bytes) { Overwrite = overwrite, Parents = parents, Recursive = recursive }.With(to);
        return (await _transfers.CallAsync(tenant, task, cancellationToken)).Entry(to);
    }

    private async Task<FileOpened> OpenReadAsync(Guid id, TenantId tenant, FileTask task, CancellationToken cancellationToken)
    {
        var transfer = await _transfers.OpenAsync(id, tenant, task, Spans.FileRead, cancellationToken);
        return await _transfers.StepAsync(id, transfer, async step =>
        {
            var opened = (await transfer.Guest.ReadAsync(FrameType.FileOpened, step)).Opened();
            RequestNext(transfer);
            return opened;
        }, cancellationToken);
    }

    private async Task OpenWriteAsync(Guid id, TenantId tenant, FileTask task, CancellationToken cancellationToken)
    {
        var transfer = await _transfers.OpenAsync(id, tenant, task, Spans.FileWrite, cancellationToken);
        await _transfers.StepAsync(id, transfer, step => transfer.Guest.ReadAsync(FrameType.FileNext, step), cancellationToken);
    }

    private Task<GuestFileFrame> EndAsync(Guid id, long length, CancellationToken cancellationToken)
    {
        var transfer = _transfers.Find(id, length);
        return _transfers.StepAsync(id, transfer, async step =>
        {
            transfer.Guest.Send(FrameType.FileEnd, default);
            var done = await transfer.Guest.ReadAsync(FrameType.FileDone, step);
            _transfers.Remove(id);
            return done;
        }, cancellationToken);
    }

    private static void Guard(FileConditions conditions)
    {
        if (conditions.IfMatch is { IsDefault: false, Length: > FileConditions.MaxTags }) throw new InvalidRequestException("If-Match", $"must have at most {FileConditions.MaxTags} entity tags");
    }

    private static void RequestNext(FileTransfer transfer)
    {
        transfer.Guest.Send(FrameType.FileNext, default);
        transfer.Ahead = transfer.Guest.ReadAsync(FrameType.FileData, CancellationToken.None);
    }
}
