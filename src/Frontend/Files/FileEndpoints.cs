using System.Buffers.Text;
using Microsoft.AspNetCore.Http.HttpResults;
using Podflare.Http;
using Podflare.Problems;
using Podflare.Requests;
using Podflare.Sandboxes;

namespace Podflare.Files;

/// <summary>Reads, writes, deletes and lists the files of a sandbox.</summary>
internal static class FileEndpoints
{
    // A cursor is the base64 of a path.
    private const int MaxCursor = (FilePath.MaxBytes + 2) / 3 * 4;

    public static IServiceCollection AddFileEndpoints(this IServiceCollection services) => services
        .AddSingleton<TransferLimiter>().AddSingleton<UploadLimits>().AddSingleton<FileUploader>().AddSingleton<FileDownloader>().AddSingleton<ArchiveTransfers>();

    public static void MapFiles(this RouteGroupBuilder api)
    {
        var files = api.MapGroup("/sandboxes/{id}/files").AddEndpointFilter(FileRefusals.NamePathAsync);
        files.MapGet("", ListAsync);
        files.MapPut("/{**path}", PutAsync).WithMetadata(new DisableRequestDeadline(), new DisableRequestSizeLimit());
        files.MapGet("/{**path}", GetAsync).WithMetadata(new DisableRequestDeadline());
        files.MapDelete("/{**path}", DeleteAsync);
        api.MapFileSystem();
    }

    private static async Task<NoContent> PutAsync(HttpContext context, SandboxId id, Caller caller, FileUploader uploader, OpenStreams streams, TransferLimiter places)
    {
        streams.ThrowIfDraining();
        var path = FilePathReader.OfRoute(context);
        using var place = places.Enter(caller.Tenant);
        using var open = streams.Track(context, mayPause: false);
        var entry = await uploader.UploadAsync(context, caller.Tenant, id, path);
        if (entry?.ETag is { } tag) context.Response.Headers.ETag = EntityTags.Quote(tag);
        return TypedResults.NoContent();
    }

    private static async Task GetAsync(HttpContext context, SandboxId id, Caller caller, FileDownloader downloader, OpenStreams streams, TransferLimiter places)
    {
        streams.ThrowIfDraining();
        var path = FilePathReader.OfRoute(context);
        using var place = places.Enter(caller.Tenant);
        using var open = streams.Track(context, mayPause: false);
        await downloader.DownloadAsync(context, caller.Tenant, id, path);
    }

    private static async Task<NoContent> DeleteAsync(HttpContext context, SandboxId id, Caller caller, IGrainFactory grains, CancellationToken cancellationToken)
    {
        var (path, files) = (FilePathReader.OfRoute(context), Of(grains, id));
        var recursive = QueryParameters.Flag(context.Request, "recursive") == true;
        var conditions = EntityTags.OfChange(context.Request);
        try
        {
            await files.Delete(caller.Tenant, path, recursive, conditions, cancellationToken).WaitAsync(cancellationToken);
        }
        catch (NotOfferedException) when (!recursive && conditions is { IfMatch.IsEmpty: true, IfNoneMatch: false })
        {
            // Sandboxes of every version can delete a file.
            await files.Delete(caller.Tenant, path, cancellationToken).WaitAsync(cancellationToken);
        }

        return TypedResults.NoContent();
    }

    private static async Task<JsonHttpResult<FilePageJson>> ListAsync(
        HttpContext context, SandboxId id, Caller caller, IGrainFactory grains, TimeProvider time, CancellationToken cancellationToken)
    {
        var (path, files) = (FilePathReader.OfQuery(context), Of(grains, id));
        var limit = (int)(QueryParameters.Number(context.Request, "limit", 1, FilePage.MaxEntries) ?? FilePage.MaxEntries);
        var depth = (int?)QueryParameters.Number(context.Request, "depth", 1, FilePage.MaxDepth);
        var after = ParseCursor(context.Request);
        var page = await GrainCallRetry.RetryLostAsync(
            () => depth is { } levels ? files.ListTree(caller.Tenant, path, levels, after, limit, cancellationToken) : files.List(caller.Tenant, path, after, limit, cancellationToken),
            time, cancellationToken);
        return TypedResults.Json(
            new FilePageJson([.. page.Entries.Select(FileJson.Of)], page.Next is { } next ? Base64Url.EncodeToString(next) : null), FileJsonContext.Default.FilePageJson);
    }

    private static byte[]? ParseCursor(HttpRequest request)
    {
        if (QueryParameters.Single(request, "cursor") is not { Length: > 0 } text) return null;
        return text.Length <= MaxCursor && Base64Url.IsValid(text) ? Base64Url.DecodeFromChars(text) : throw ProblemException.Invalid("cursor", "must be a next_cursor that an earlier page returned");
    }

    private static IFileExtension Of(IGrainFactory grains, SandboxId id) => grains.GetGrain<ISandboxGrain>(id.Value).AsReference<IFileExtension>();
}
