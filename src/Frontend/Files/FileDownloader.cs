using System.Globalization;
using Microsoft.Extensions.Options;
using Podflare.Http;
using Podflare.Resilience;
using Podflare.Sandboxes;
using Podflare.Tenants;

namespace Podflare.Files;

/// <summary>Sends a file of a sandbox, or a part of it, as the response, with at most two chunks of it in memory.</summary>
internal sealed class FileDownloader(IGrainFactory grains, IOptions<HttpOptions> http, TimeProvider time, ILogger<FileDownloader> logger)
{
    // A file that changes between the decision and its opening is looked at again.
    private const int MaxAttempts = 3;

    public async Task DownloadAsync(HttpContext context, TenantId tenant, SandboxId sandbox, FilePath path)
    {
        var source = grains.GetGrain<ISandboxGrain>(sandbox.Value).AsReference<IFileExtension>();
        await using var transfer = new FileTransfer(source, time, logger);
        using var deadline = new TimeLimit(TimeSpan.FromSeconds(http.Value.StartSeconds), time, context.RequestAborted);
        var (opened, range) = await OpenAsync(context, transfer, source, tenant, path, deadline);
        if (opened is null)
        {
            transfer.Complete();
            return;
        }

        if (HttpMethods.IsHead(context.Request.Method))
        {
            Prepare(context.Response, opened, range);
            return;
        }

        var chunk = await source.Read(transfer.Id, 0, context.RequestAborted);
        Prepare(context.Response, opened, range);
        await ChunkSender.SendAsync(context, transfer, source, chunk);
        transfer.Complete();
    }

    /// <returns>No file when the response is complete without one.</returns>
    private static async Task<(FileOpened? File, FileRange? Range)> OpenAsync(
        HttpContext context, FileTransfer transfer, IFileExtension source, TenantId tenant, FilePath path, TimeLimit deadline)
    {
        var conditions = ReadConditions.Parse(context.Request);
        for (var attempt = 1; conditions is not null; attempt++)
        {
            try
            {
                var entry = await GrainCallRetry.RetryUntilAsync(token => source.Stat(tenant, path, followLinks: true, token), deadline);
                if (entry.Kind is not FileKind.File || entry.ETag is not { } tag) break;
                var (notModified, range) = conditions.Decide(entry);
                if (notModified)
                {
                    PrepareNotModified(context.Response, entry, tag);
                    return (null, null);
                }

                return (await transfer.OpenAsync((id, token) => source.OpenRead(id, tenant, path, range, new FileConditions([tag], false), token), deadline), range);
            }
            catch (PreconditionFailedException) when (!conditions.MustHold && attempt < MaxAttempts)
            {
                // The file was replaced meanwhile.
            }
            catch (NotOfferedException) when (!conditions.MustHold)
            {
                // Without entity tags the whole file is a correct answer.
                break;
            }
        }

        return (await transfer.OpenAsync((id, token) => source.OpenRead(id, tenant, path, token), deadline), null);
    }

    private static void PrepareNotModified(HttpResponse response, FileEntry entry, string tag)
    {
        response.StatusCode = StatusCodes.Status304NotModified;
        WriteValidators(response, tag, entry.ModifiedAt);
    }

    private static void Prepare(HttpResponse response, FileOpened opened, FileRange? range)
    {
        response.ContentType = "application/octet-stream";
        UntrustedContent.Mark(response);
        WriteValidators(response, opened.ETag, opened.ModifiedAt);
        if (opened.ETag is not null && opened.Size is > 0) response.Headers.AcceptRanges = "bytes";
        if (range is null || opened.Size is not { } size)
        {
            response.ContentLength = opened.Size;
            return;
        }

        response.StatusCode = StatusCodes.Status206PartialContent;
        response.ContentLength = range.Length;
        response.Headers.ContentRange = string.Create(CultureInfo.InvariantCulture, $"bytes {range.From}-{range.From + range.Length - 1}/{size}");
    }

    private static void WriteValidators(HttpResponse response, string? tag, DateTimeOffset modifiedAt)
    {
        response.Headers.CacheControl = "no-store, no-transform";
        response.Headers.LastModified = modifiedAt.ToString("R", CultureInfo.InvariantCulture);
        if (tag is not null) response.Headers.ETag = EntityTags.Quote(tag);
    }
}
