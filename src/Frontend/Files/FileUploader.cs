using Microsoft.Extensions.Options;
using Podflare.Http;
using Podflare.Problems;
using Podflare.Requests;
using Podflare.Resilience;
using Podflare.Sandboxes;
using Podflare.Tenants;

namespace Podflare.Files;

/// <summary>Writes a body to a file in a sandbox.</summary>
internal sealed class FileUploader(
    IGrainFactory grains, UploadLimits limits, IOptions<HttpOptions> http, TimeProvider time, ILogger<FileUploader> logger)
{
    /// <summary>Writes the body of the request.</summary>
    /// <returns>The file; null when the sandbox is older than entity tags.</returns>
    public Task<FileEntry?> UploadAsync(HttpContext context, TenantId tenant, SandboxId sandbox, FilePath path)
    {
        var request = context.Request;
        if (request.Headers.ContentRange.Count > 0) throw ProblemException.Invalid("Content-Range", "is not supported; a file is always written as a whole");
        return WriteAsync(tenant, sandbox, path, request.Body, request.ContentLength, EntityTags.OfChange(request), context.RequestAborted);
    }

    /// <summary>Writes what a stream has.</summary>
    /// <param name="announced">Bytes of the stream, where they are known.</param>
    /// <returns>The file; null when the sandbox is older than entity tags.</returns>
    public async Task<FileEntry?> WriteAsync(TenantId tenant, SandboxId sandbox, FilePath path, Stream body, long? announced, FileConditions conditions, CancellationToken cancellationToken)
    {
        var maxBytes = limits.MaxBytesOf(tenant);
        if (announced > maxBytes) throw ChunkReceiver.TooLarge(maxBytes);
        var target = grains.GetGrain<ISandboxGrain>(sandbox.Value).AsReference<IFileExtension>();
        await using var transfer = new FileTransfer(target, time, logger);
        // Opened before the body is read, so that a client that waits for 100 Continue never sends a file that is refused.
        using (var deadline = new TimeLimit(TimeSpan.FromSeconds(http.Value.StartSeconds), time, cancellationToken))
            await transfer.OpenAsync((id, token) => OpenAsync(target, id, tenant, path, announced, conditions, token), deadline);
        var length = await ChunkReceiver.ReceiveAsync(body, announced, transfer, target, new BodyRateGuard(http.Value, time), maxBytes, cancellationToken);
        var entry = await target.Publish(transfer.Id, length, cancellationToken);
        transfer.Complete();
        return entry;
    }

    private static async Task<bool> OpenAsync(IFileExtension target, Guid id, TenantId tenant, FilePath path, long? size, FileConditions conditions, CancellationToken cancellationToken)
    {
        // Without a condition, sandboxes of every version can do it.
        if (conditions is { IfMatch.IsEmpty: true, IfNoneMatch: false }) await target.OpenWrite(id, tenant, path, size, cancellationToken);
        else await target.OpenWrite(id, tenant, path, size, conditions, cancellationToken);
        return true;
    }
}
