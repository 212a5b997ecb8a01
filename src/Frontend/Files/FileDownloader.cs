using System.Globalization;
using Microsoft.Extensions.Options;
using Podflare.Http;
using Podflare.OpenApi;
using Podflare.Resilience;
using Podflare.Sandboxes;
using Podflare.Tenants;

namespace Podflare.Files;

/// <summary>Sends a file of a sandbox as the response, with at most two chunks of it in memory.</summary>
internal sealed class FileDownloader(IGrainFactory grains, IOptions<HttpOptions> http, TimeProvider time, ILogger<FileDownloader> logger)
{
    public async Task DownloadAsync(HttpContext context, TenantId tenant, SandboxId sandbox, FilePath path)
    {
        var source = grains.GetGrain<ISandboxGrain>(sandbox.Value).AsReference<IFileExtension>();
        await using var transfer = new FileTransfer(source, time, logger);
        using var deadline = new TimeLimit(TimeSpan.FromSeconds(http.Value.StartSeconds), time, context.RequestAborted);
        var opened = await transfer.OpenAsync((id, token) => source.OpenRead(id, tenant, path, token), deadline);
        if (HttpMethods.IsHead(context.Request.Method))
        {
            Prepare(context.Response, opened);
            return;
        }

        var chunk = await source.Read(transfer.Id, 0, context.RequestAborted);
        Prepare(context.Response, opened);
        await SendAsync(context, transfer, source, chunk);
        transfer.Complete();
    }

    private static async Task SendAsync(HttpContext context, FileTransfer transfer, IFileExtension source, FileChunk? chunk)
    {
        var offset = 0L;
        while (chunk is not null)
        {
            offset += chunk.Length;
            var next = source.Read(transfer.Id, offset, context.RequestAborted);
            try
            {
                await transfer.WaitForClientAsync(WriteAsync(context, chunk.Bytes));
            }
            catch
            {
                await ((Task)next).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
                throw;
            }

            chunk.Took();
            chunk = await next;
        }
    }

    private static async Task<bool> WriteAsync(HttpContext context, ReadOnlyMemory<byte> bytes)
    {
        await context.Response.Body.WriteAsync(bytes, context.RequestAborted);
        return true;
    }

    private static void Prepare(HttpResponse response, FileOpened opened)
    {
        response.ContentType = "application/octet-stream";
        // A browser must never treat a sandbox's file as a page of this server.
        response.Headers.XContentTypeOptions = "nosniff";
        response.Headers.CacheControl = "no-store, no-transform";
        response.Headers.LastModified = opened.ModifiedAt.ToString("R", CultureInfo.InvariantCulture);
        response.ContentLength = opened.Size;
    }
}
