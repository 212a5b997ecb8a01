using System.Diagnostics;
using Microsoft.Extensions.Options;
using Podflare.Guests;
using Podflare.Telemetry;
using Podflare.Tenants;

namespace Podflare.Files;

/// <inheritdoc cref="IFileExtension"/>
/// <remarks>It runs on the grain's scheduler, but only hands references on: the bytes move in the connection to the guest.</remarks>
public sealed class FileExtension(IGrainContext grain, IOptions<FileOptions> options, SandboxTraces traces, TimeProvider time) : IFileExtension
{
    private readonly Dictionary<Guid, FileTransfer> _transfers = [];
    private int _calls;

    private IFileHost Host =>
        grain.GetComponent<IFileHost>() ?? grain.GrainInstance as IFileHost ?? throw new InvalidOperationException($"{grain.GrainId} has no files.");

    public async Task<FileOpened> OpenRead(Guid id, TenantId tenant, FilePath path, CancellationToken cancellationToken)
    {
        var transfer = await OpenAsync(id, tenant, new FileTask("read", path.Bytes), Spans.FileRead, cancellationToken);
        return await StepAsync(id, transfer, async step =>
        {
            var opened = await transfer.Guest.ReadAsync(FrameType.FileOpened, step);
            var size = opened.Opened(out var modified);
            RequestNext(transfer);
            return new FileOpened(size > 0 ? size : null, modified);
        }, cancellationToken);
    }

    public Task<FileChunk?> Read(Guid id, long offset, CancellationToken cancellationToken)
    {
        var transfer = Find(id, offset);
        return StepAsync(id, transfer, async step =>
        {
            var frame = await transfer.Ahead!.WaitAsync(step);
            if (frame.Type is FrameType.FileEnd)
            {
                Remove(id);
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

    public async Task OpenWrite(Guid id, TenantId tenant, FilePath path, long? size, CancellationToken cancellationToken)
    {
        var transfer = await OpenAsync(id, tenant, new FileTask("write", path.Bytes) { Size = size }, Spans.FileWrite, cancellationToken);
        await StepAsync(id, transfer, step => transfer.Guest.ReadAsync(FrameType.FileNext, step), cancellationToken);
    }

    public Task Write(Guid id, long offset, FileChunk chunk, CancellationToken cancellationToken)
    {
        var transfer = Find(id, offset);
        return StepAsync(id, transfer, async step =>
        {
            transfer.Guest.Send(FrameType.FileData, chunk.Bytes);
            var next = await transfer.Guest.ReadAsync(FrameType.FileNext, step);
            transfer.Offset += chunk.Length;
            chunk.Took();
            return next;
        }, cancellationToken);
    }

    public Task Commit(Guid id, long length, CancellationToken cancellationToken)
    {
        var transfer = Find(id, length);
        return StepAsync(id, transfer, async step =>
        {
            transfer.Guest.Send(FrameType.FileEnd, default);
            var done = await transfer.Guest.ReadAsync(FrameType.FileDone, step);
            Remove(id);
            return done;
        }, cancellationToken);
    }

    public Task KeepAlive(Guid id)
    {
        _transfers.GetValueOrDefault(id)?.Moved();
        return Task.CompletedTask;
    }

    public Task Close(Guid id)
    {
        Remove(id, "cancelled");
        return Task.CompletedTask;
    }

    public Task Delete(TenantId tenant, FilePath path, CancellationToken cancellationToken) =>
        CallAsync(tenant, new FileTask("delete", path.Bytes), cancellationToken);

    public async Task<FilePage> List(TenantId tenant, FilePath path, byte[]? after, int limit, CancellationToken cancellationToken)
    {
        var listed = await CallAsync(tenant, new FileTask("list", path.Bytes) { After = after, Limit = limit }, cancellationToken);
        return listed.Page();
    }

    // One request and one response. For the guest this is a transfer, too.
    private async Task<GuestFileFrame> CallAsync(TenantId tenant, FileTask task, CancellationToken cancellationToken)
    {
        var id = Guid.NewGuid();
        var transfer = await OpenAsync(id, tenant, task, spanName: null, cancellationToken);
        return await StepAsync(id, transfer, async step =>
        {
            var done = await transfer.Guest.ReadAsync(FrameType.FileDone, step);
            Remove(id);
            return done;
        }, cancellationToken);
    }

    private async Task<FileTransfer> OpenAsync(Guid id, TenantId tenant, FileTask task, string? spanName, CancellationToken cancellationToken)
    {
        _calls++;
        try
        {
            var port = await Host.OpenFilesAsync(tenant, cancellationToken);
            if (_transfers.Count >= options.Value.MaxTransfers) throw new TooManyTransfersException(options.Value.MaxTransfers);
            var patience = TimeSpan.FromSeconds(options.Value.AbandonSeconds);
            var scheduler = TaskScheduler.Current;
            var transfer = new FileTransfer(port.Files.Open(task), patience, spanName is null ? null : StartSpan(spanName, tenant));
            transfer.Start(time, () => Task.Factory.StartNew(() => Remove(id, "abandoned"), CancellationToken.None, TaskCreationOptions.None, scheduler), Host.FilesClosing);
            return _transfers[id] = transfer;
        }
        finally
        {
            _calls--;
            ReportOpenCalls();
        }
    }

    private FileTransfer Find(Guid id, long offset) =>
        _transfers.TryGetValue(id, out var transfer) && transfer.Offset == offset ? transfer : throw new FileTransferLostException();

    /// <summary>Runs one step of a transfer within its time limit. Any failure ends the transfer.</summary>
    private async Task<T> StepAsync<T>(Guid id, FileTransfer transfer, Func<CancellationToken, Task<T>> step, CancellationToken cancellationToken)
    {
        if (transfer.Busy) throw new FileTransferLostException();
        transfer.Busy = true;
        transfer.Moved();
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(Host.FilesClosing, cancellationToken);
        await using var timer = time.CreateTimer(_ => limit.Cancel(), null, TimeSpan.FromSeconds(options.Value.StepSeconds), Timeout.InfiniteTimeSpan);
        try
        {
            var result = await step(limit.Token);
            transfer.Moved();
            return result;
        }
        catch (Exception e)
        {
            Remove(id, e.GetType().FullName);
            if (e is OperationCanceledException or FileTransferLostException) Host.GuardFiles();
            if (e is OperationCanceledException) throw new FileTransferLostException();
            throw;
        }
        finally
        {
            transfer.Busy = false;
        }
    }

    private static void RequestNext(FileTransfer transfer)
    {
        transfer.Guest.Send(FrameType.FileNext, default);
        transfer.Ahead = transfer.Guest.ReadAsync(FrameType.FileData, CancellationToken.None);
    }

    // The span ends in a later call, so it must not stay the current one of this call.
    private Activity? StartSpan(string name, TenantId tenant)
    {
        var before = Activity.Current;
        var sandbox = grain.GrainId.Key.ToString()!;
        var span = Spans.Start(name, traces.FindSandbox(sandbox)?.Trace);
        Activity.Current = before;
        return span?.SetTag(Spans.SandboxId, sandbox).SetTag(Spans.TenantId, tenant.Value);
    }

    /// <param name="error">The kind of failure; null when the transfer is complete.</param>
    private void Remove(Guid id, string? error = null)
    {
        if (!_transfers.Remove(id, out var transfer)) return;
        transfer.End(error);
        ReportOpenCalls();
    }

    private void ReportOpenCalls() => Host.OnFilesChanged(_transfers.Count + _calls);
}
