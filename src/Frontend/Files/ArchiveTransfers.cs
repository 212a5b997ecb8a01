using Microsoft.Extensions.Options;
using Podflare.Http;
using Podflare.Requests;
using Podflare.Resilience;
using Podflare.Sandboxes;
using Podflare.Tenants;

namespace Podflare.Files;

/// <summary>Transfers archives between clients and sandboxes.</summary>
internal sealed class ArchiveTransfers(IGrainFactory grains, UploadLimits limits, IOptions<HttpOptions> http, TimeProvider time, ILogger<ArchiveTransfers> logger)
{
    public async Task DownloadAsync(HttpContext context, TenantId tenant, SandboxId sandbox, FilePath path)
    {
        var source = Of(sandbox);
        await using var transfer = new FileTransfer(source, time, logger);
        await OpenAsync(context, transfer, (id, token) => source.OpenArchive(id, tenant, path, token));
        var response = context.Response;
        var chunk = HttpMethods.IsHead(context.Request.Method) ? null : await source.Read(transfer.Id, 0, context.RequestAborted);
        response.ContentType = ArchiveEndpoints.MediaType;
        UntrustedContent.Mark(response);
        response.Headers.CacheControl = "no-store, no-transform";
        if (HttpMethods.IsHead(context.Request.Method)) return;
        await ChunkSender.SendAsync(context, transfer, source, chunk);
        transfer.Complete();
    }

    public async Task<ArchiveSummary> UploadAsync(HttpContext context, TenantId tenant, SandboxId sandbox, FilePath path)
    {
        var maxBytes = limits.MaxBytesOf(tenant);
        if (context.Request.ContentLength > maxBytes) throw ChunkReceiver.TooLarge(maxBytes);
        var target = Of(sandbox);
        await using var transfer = new FileTransfer(target, time, logger);
        var isCompressed = RequestBodyMiddleware.EncodingsOf(context.Request).Any();
        await OpenAsync(context, transfer, (id, token) => target.OpenExtract(id, tenant, path, isCompressed, token));
        var length = await ChunkReceiver.ReceiveAsync(
            context.Request.Body, context.Request.ContentLength, transfer, target, new BodyRateGuard(http.Value, time), maxBytes, context.RequestAborted);
        var written = await target.Extract(transfer.Id, length, context.RequestAborted);
        transfer.Complete();
        return written;
    }

    private async Task OpenAsync(HttpContext context, FileTransfer transfer, Func<Guid, CancellationToken, Task> open)
    {
        using var deadline = new TimeLimit(TimeSpan.FromSeconds(http.Value.StartSeconds), time, context.RequestAborted);
        await transfer.OpenAsync(
            async (id, token) =>
            {
                await open(id, token);
                return true;
            },
            deadline);
    }

    private IFileExtension Of(SandboxId sandbox) => grains.GetGrain<ISandboxGrain>(sandbox.Value).AsReference<IFileExtension>();
}
