using System.Text;
using Microsoft.Extensions.Options;
using Podflare.Files;
using Podflare.Http;
using Podflare.Problems;
using Podflare.Resilience;
using Podflare.Sandboxes;
using Podflare.Tenants;

namespace Podflare.Mcp;

/// <summary>Reads, writes and lists files for tools, with small files in memory.</summary>
internal sealed class GrainFiles(IGrainFactory grains, TransferLimiter transfers, UploadLimits limits, IOptions<HttpOptions> http, TimeProvider time, ILogger<GrainFiles> logger)
{
    public Task<FilePart> ReadAsync(TenantId tenant, SandboxId sandbox, string path, long offset, int maxBytes, CancellationToken cancellationToken) => NameAsync(path, async file =>
    {
        using var place = transfers.Enter(tenant);
        var source = Of(sandbox);
        using var deadline = new TimeLimit(TimeSpan.FromSeconds(http.Value.StartSeconds), time, cancellationToken);
        var entry = await GrainCallRetry.RetryUntilAsync(token => source.Stat(tenant, file, followLinks: true, token), deadline);
        // What is not a file is refused when it is opened.
        if (entry.Kind is FileKind.File && offset >= entry.Size) return new FilePart(default, entry.Size);
        var range = new FileRange(offset, Math.Min(maxBytes, Math.Max(1, entry.Size - offset)));
        await using var transfer = new FileTransfer(source, time, logger);
        await transfer.OpenAsync((id, token) => source.OpenRead(id, tenant, file, range, FileConditions.None, token), deadline);
        using var content = new MemoryStream();
        while (await source.Read(transfer.Id, content.Length, cancellationToken) is { } chunk)
        {
            content.Write(chunk.Bytes.Span);
            chunk.Took();
        }

        transfer.Complete();
        return new FilePart(content.GetBuffer().AsMemory(0, (int)content.Length), entry.Size);
    });

    public Task WriteAsync(TenantId tenant, SandboxId sandbox, string path, ReadOnlyMemory<byte> content, CancellationToken cancellationToken) => NameAsync(path, async file =>
    {
        var most = limits.MaxBytesOf(tenant);
        if (content.Length > most) throw ChunkReceiver.TooLarge(most);
        using var place = transfers.Enter(tenant);
        var target = Of(sandbox);
        using var deadline = new TimeLimit(TimeSpan.FromSeconds(http.Value.StartSeconds), time, cancellationToken);
        await using var transfer = new FileTransfer(target, time, logger);
        await transfer.OpenAsync(
            async (id, token) =>
            {
                await target.OpenWrite(id, tenant, file, content.Length, token);
                return true;
            },
            deadline);
        for (var offset = 0; offset < content.Length;)
        {
            var chunk = FileChunk.Rent(Math.Min(FileChunk.MaxBytes, content.Length - offset));
            content.Slice(offset, chunk.Length).CopyTo(chunk.Bytes);
            await target.Write(transfer.Id, offset, chunk, cancellationToken);
            offset += chunk.Length;
            chunk.Return();
        }

        await target.Publish(transfer.Id, content.Length, cancellationToken);
        transfer.Complete();
        return true;
    });

    public Task<IReadOnlyList<ListedFile>> ListAsync(TenantId tenant, SandboxId sandbox, string path, int depth, int limit, CancellationToken cancellationToken) =>
        NameAsync<IReadOnlyList<ListedFile>>(path, async file =>
        {
            var files = new List<ListedFile>();
            byte[]? after = null;
            do
            {
                var most = Math.Min(limit - files.Count, FilePage.MaxEntries);
                var page = await GrainCallRetry.RetryLostAsync(() => Of(sandbox).ListTree(tenant, file, depth, after, most, cancellationToken), time, cancellationToken);
                files.AddRange(page.Entries.Select(entry => new ListedFile(Encoding.UTF8.GetString(entry.Path ?? entry.Name), entry.Kind.ToString().ToLowerInvariant(), entry.Size)));
                after = page.Next;
            }
            while (after is not null && files.Count < limit);
            return files;
        });

    private static async Task<T> NameAsync<T>(string path, Func<FilePath, Task<T>> call)
    {
        var file = FilePath.Parse(Encoding.UTF8.GetBytes(path), out var wrong) ?? throw ProblemException.Invalid("path", wrong!);
        try
        {
            return await call(file);
        }
        catch (FileRefusedException e)
        {
            throw new ProblemException(ExceptionMapper.OfFile(e, FilePathReader.Show(file)));
        }
    }

    private IFileExtension Of(SandboxId sandbox) => grains.GetGrain<ISandboxGrain>(sandbox.Value).AsReference<IFileExtension>();
}
