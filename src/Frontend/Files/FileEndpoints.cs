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
    private const int MaxCursor = 512;

    public static IServiceCollection AddFileEndpoints(this IServiceCollection services) => services.AddSingleton<TransferLimiter>().AddSingleton<FileUploader>().AddSingleton<FileDownloader>();

    public static void MapFiles(this RouteGroupBuilder api)
    {
        var files = api.MapGroup("/sandboxes/{id}/files").AddEndpointFilter(NamePathAsync);
        files.MapGet("", ListAsync);
        files.MapPut("/{**path}", PutAsync).WithMetadata(new DisableRequestDeadline(), new DisableRequestSizeLimit());
        files.MapGet("/{**path}", GetAsync).WithMetadata(new DisableRequestDeadline());
        files.MapDelete("/{**path}", DeleteAsync);
    }

    /// <summary>Refusals of the sandbox do not say which path they are about.</summary>
    private static async ValueTask<object?> NamePathAsync(EndpointFilterInvocationContext invocation, EndpointFilterDelegate next)
    {
        try
        {
            return await next(invocation);
        }
        catch (FileRefusedException e)
        {
            throw new ProblemException(ExceptionMapper.OfFile(e, FilePathReader.Show(invocation.HttpContext)));
        }
    }

    private static async Task<NoContent> PutAsync(HttpContext context, SandboxId id, Caller caller, FileUploader uploader, OpenStreams streams, TransferLimiter places)
    {
        streams.ThrowIfDraining();
        var path = FilePathReader.OfRoute(context);
        using var place = places.Enter();
        using var open = streams.Track(context, mayPause: false);
        await uploader.UploadAsync(context, caller.Tenant, id, path);
        return TypedResults.NoContent();
    }

    private static async Task GetAsync(HttpContext context, SandboxId id, Caller caller, FileDownloader downloader, OpenStreams streams, TransferLimiter places)
    {
        streams.ThrowIfDraining();
        var path = FilePathReader.OfRoute(context);
        using var place = places.Enter();
        using var open = streams.Track(context, mayPause: false);
        await downloader.DownloadAsync(context, caller.Tenant, id, path);
    }

    private static async Task<NoContent> DeleteAsync(HttpContext context, SandboxId id, Caller caller, IGrainFactory grains, CancellationToken cancellationToken)
    {
        await Of(grains, id).Delete(caller.Tenant, FilePathReader.OfRoute(context), cancellationToken).WaitAsync(cancellationToken);
        return TypedResults.NoContent();
    }

    private static async Task<JsonHttpResult<FilePageJson>> ListAsync(
        HttpContext context, SandboxId id, Caller caller, IGrainFactory grains, TimeProvider time, CancellationToken cancellationToken)
    {
        var path = FilePathReader.OfQuery(context);
        var limit = (int)(QueryParameters.Number(context.Request, "limit", 1, FilePage.MaxEntries) ?? FilePage.MaxEntries);
        var after = ParseCursor(context.Request);
        var page = await GrainCallRetry.RetryLostAsync(() => Of(grains, id).List(caller.Tenant, path, after, limit, cancellationToken), time, cancellationToken);
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
