using Microsoft.Extensions.Options;
using Podflare.Http;
using Podflare.Problems;
using Podflare.Requests;
using Podflare.Resilience;
using Podflare.Sandboxes;
using Podflare.Tenants;

namespace Podflare.Files;

/// <summary>Writes a request body to a file in a sandbox.</summary>
internal sealed class FileUploader(
    IGrainFactory grains, UploadLimits limits, IOptions<HttpOptions> http, TimeProvider time, ILogger<FileUploader> logger)
{
    /// <returns>The file; null when the sandbox is older than entity tags.</returns>
    public async Task<FileEntry?> UploadAsync(HttpContext context, TenantId tenant, SandboxId sandbox, FilePath path)
    {
        var request = context.Request;
        if (request.Headers.ContentRange.Count > 0) throw ProblemException.Invalid("Content-Range", "is not supported; a file is always written as a whole");
        var conditions = EntityTags.OfChange(request);
        var maxBytes = limits.MaxBytesOf(tenant);
        if (request.ContentLength > maxBytes) throw ChunkReceiver.TooLarge(maxBytes);

        var target = grains.GetGrain<ISandboxGrain>(sandbox.Value).AsReference<IFileExtension>();
        await using var transfer = new FileTransfer(target, time, logger);
        await OpenAsync(context, transfer, target, tenant, path, conditions);
        var length = await ChunkReceiver.ReceiveAsync(context, transfer, target, new BodyRateGuard(http.Value, time), maxBytes);
        var entry = await target.Publish(transfer.Id, length, context.RequestAborted);
        transfer.Complete();
        return entry;
    }

    // Opened before the body is read, so that a client that waits for 100 Continue never sends a file that is refused.
    private async Task OpenAsync(HttpContext context, FileTransfer transfer, IFileExtension target, TenantId tenant, FilePath path, FileConditions conditions)
    {
        using var deadline = new TimeLimit(TimeSpan.FromSeconds(http.Value.StartSeconds), time, context.RequestAborted);
        await transfer.OpenAsync(
            async (id, token) =>
            {
                // Without a condition, sandboxes of every version can do it.
                if (conditions is { IfMatch.IsEmpty: true, IfNoneMatch: false }) await target.OpenWrite(id, tenant, path, context.Request.ContentLength, token);
                else await target.OpenWrite(id, tenant, path, context.Request.ContentLength, conditions, token);
                return true;
            },
            deadline);
    }
}
