using Microsoft.Extensions.Options;
using Podflare.Http;
using Podflare.Problems;
using Podflare.Resilience;
using Podflare.Sandboxes;
using Podflare.Tenants;

namespace Podflare.Files;

/// <summary>Writes a request body to a file in a sandbox, with at most two chunks of it in memory.</summary>
internal sealed class FileUploader(
    IGrainFactory grains, IOptions<FileOptions> files, IOptions<HttpOptions> http, TimeProvider time, ILogger<FileUploader> logger)
{
    public async Task UploadAsync(HttpContext context, TenantId tenant, SandboxId sandbox, FilePath path)
    {
        var request = context.Request;
        if (request.Headers.ContentRange.Count > 0) throw ProblemException.Invalid("Content-Range", "is not supported; a file is always written as a whole");
        if (request.ContentLength > files.Value.MaxFileBytes) throw TooLarge();

        var target = grains.GetGrain<ISandboxGrain>(sandbox.Value).AsReference<IFileExtension>();
        await using var transfer = new FileTransfer(target, time, logger);
        await OpenAsync(context, transfer, target, tenant, path);
        var length = await SendAsync(context, transfer, target);
        await target.Commit(transfer.Id, length, context.RequestAborted);
        transfer.Complete();
    }

    // Opened before the body is read, so that a client that waits for 100 Continue never sends a file that is refused.
    private async Task OpenAsync(HttpContext context, FileTransfer transfer, IFileExtension target, TenantId tenant, FilePath path)
    {
        using var deadline = new TimeLimit(TimeSpan.FromSeconds(http.Value.StartSeconds), time, context.RequestAborted);
        await transfer.OpenAsync(
            async (id, token) =>
            {
                await target.OpenWrite(id, tenant, path, context.Request.ContentLength, token);
                return true;
            },
            deadline);
    }

    private async Task<long> SendAsync(HttpContext context, FileTransfer transfer, IFileExtension target)
    {
        var offset = 0L;
        var writing = Task.CompletedTask;
        FileChunk? written = null;
        try
        {
            // A chunk is read while the previous one is written.
            while (await transfer.WaitForClientAsync(ReadChunkAsync(context, offset)) is { Length: > 0 } chunk)
            {
                await writing;
                written?.Return();
                written = chunk;
                writing = target.Write(transfer.Id, offset, chunk, context.RequestAborted);
                offset += chunk.Length;
                if (offset > files.Value.MaxFileBytes) throw TooLarge();
            }
        }
        finally
        {
            // When reading fails, the result of the pending write no longer matters, but it must end before the transfer is closed.
            await writing.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }

        await writing;
        written?.Return();
        return offset;
    }

    /// <returns>An empty chunk at the end of the body.</returns>
    private static async Task<FileChunk> ReadChunkAsync(HttpContext context, long offset)
    {
        var left = context.Request.ContentLength is { } length ? length - offset : long.MaxValue;
        var chunk = FileChunk.Rent((int)Math.Min(left, FileChunk.MaxBytes));
        var read = await context.Request.Body.ReadAtLeastAsync(chunk.Bytes, chunk.Length, throwOnEndOfStream: false, context.RequestAborted);
        chunk.Cut(read);
        if (read == 0) chunk.Return();
        return chunk;
    }

    private ProblemException TooLarge() => new(new Problem(413, "file_too_large", $"the file is larger than the limit of {files.Value.MaxFileBytes} bytes"));
}
