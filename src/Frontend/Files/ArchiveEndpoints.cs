using System.Text.Json.Serialization;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.Net.Http.Headers;
using Podflare.Http;
using Podflare.Problems;
using Podflare.Requests;
using Podflare.Sandboxes;

namespace Podflare.Files;

/// <summary>Reads and writes directories as tar archives, streamed.</summary>
internal static class ArchiveEndpoints
{
    public const string MediaType = "application/x-tar";

    public static void MapArchives(this RouteGroupBuilder operations)
    {
        operations.MapGet("/archive", DownloadAsync).WithMetadata(new DisableRequestDeadline());
        operations.MapPost("/archive", UploadAsync).WithMetadata(new DisableRequestDeadline(), new DisableRequestSizeLimit(), new AcceptGzip());
    }

    private static async Task DownloadAsync(HttpContext context, SandboxId id, Caller caller, ArchiveTransfers archives, OpenStreams streams, TransferLimiter places)
    {
        streams.ThrowIfDraining();
        var path = FilePathReader.OfQuery(context);
        using var place = places.Enter(caller.Tenant);
        using var open = streams.Track(context, mayPause: false);
        await archives.DownloadAsync(context, caller.Tenant, id, path);
    }

    private static async Task<JsonHttpResult<ArchiveJson>> UploadAsync(HttpContext context, SandboxId id, Caller caller, ArchiveTransfers archives, OpenStreams streams, TransferLimiter places)
    {
        streams.ThrowIfDraining();
        var path = FilePathReader.OfQuery(context);
        if (context.Request.ContentType is { Length: > 0 } type && !IsTar(type)) throw UnsupportedMediaType.ContentType(type, MediaType);
        using var place = places.Enter(caller.Tenant);
        using var open = streams.Track(context, mayPause: false);
        var written = await archives.UploadAsync(context, caller.Tenant, id, path);
        return TypedResults.Json(new ArchiveJson(written.Files, written.Directories, written.Bytes), ArchiveJsonContext.Default.ArchiveJson);
    }

    private static bool IsTar(string type) => MediaTypeHeaderValue.TryParse(type, out var parsed) && parsed.MediaType.Equals(MediaType, StringComparison.OrdinalIgnoreCase);
}

/// <summary>What was written of an archive.</summary>
internal sealed record ArchiveJson(long Files, long Directories, long Bytes);

[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.SnakeCaseLower)]
[JsonSerializable(typeof(ArchiveJson))]
internal sealed partial class ArchiveJsonContext : JsonSerializerContext;
