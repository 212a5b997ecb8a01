using System.Globalization;
using System.IO.Compression;
using System.Text;
using Microsoft.AspNetCore.Http.Features;
using Microsoft.AspNetCore.WebUtilities;
using Microsoft.Net.Http.Headers;
using Podflare.Files;
using Podflare.Http;
using Podflare.Problems;
using Podflare.Requests;
using Podflare.Sandboxes;

namespace Podflare.E2b.Envd;

/// <summary>Reads and writes files of a sandbox, also through signed URLs.</summary>
internal sealed class FilesEndpoint(FileDownloader downloader, FileUploader uploader, OpenStreams streams, TransferLimiter places, TimeProvider time)
{
    private const string Binary = "application/octet-stream";
    private const string Form = "multipart/form-data";
    private const string FieldName = "file";
    private const int MaxBoundary = 128;

    public async Task ReadAsync(HttpContext context, SandboxId id, Caller caller)
    {
        streams.ThrowIfDraining();
        var folder = Open(context, "read");
        var path = PathOf(QueryParameters.Single(context.Request, "path"), folder);
        using var place = places.Enter(caller.Tenant);
        using var open = streams.Track(context, mayPause: false);
        await NameAsync(path, async () =>
        {
            if (HttpMethods.IsGet(context.Request.Method) && context.Request.Headers.Range.Count == 0 && GzipResponse.IsWanted(context.Request))
                await GzipResponse.SendAsync(context, DownloadAsync);
            else await DownloadAsync();
            return true;
        });

        Task DownloadAsync() => downloader.DownloadAsync(context, caller.Tenant, id, path);
    }

    public async Task<IReadOnlyList<WrittenFile>> WriteAsync(HttpContext context, SandboxId id, Caller caller)
    {
        streams.ThrowIfDraining();
        var folder = Open(context, "write");
        var path = QueryParameters.Single(context.Request, "path");
        if (!MediaTypeHeaderValue.TryParse(context.Request.ContentType, out var type)) throw WrongType(context.Request.ContentType);
        using var place = places.Enter(caller.Tenant);
        using var open = streams.Track(context, mayPause: false);
        var isCompressed = RequestBodyMiddleware.EncodingsOf(context.Request).Any();
        await using var body = isCompressed ? new GZipStream(context.Request.Body, CompressionMode.Decompress, leaveOpen: true) : context.Request.Body;
        try
        {
            if (type.MediaType.Equals(Binary, StringComparison.OrdinalIgnoreCase))
            {
                if (string.IsNullOrEmpty(path)) throw new E2bException(StatusCodes.Status400BadRequest, "path query parameter is required for a raw body");
                return [await WriteAsync(context, id, caller, PathOf(path, folder), body, isCompressed ? null : context.Request.ContentLength)];
            }

            if (!type.MediaType.Equals(Form, StringComparison.OrdinalIgnoreCase)) throw WrongType(context.Request.ContentType);
            return await WritePartsAsync(context, id, caller, path, folder, new MultipartReader(BoundaryOf(type), body));
        }
        catch (InvalidDataException)
        {
            throw new E2bException(StatusCodes.Status400BadRequest, isCompressed ? "the body is not valid gzip, or not a valid form" : "the body is not a valid form");
        }
    }

    // Each part is written as it arrives, and never held as a whole.
    private async Task<IReadOnlyList<WrittenFile>> WritePartsAsync(HttpContext context, SandboxId id, Caller caller, string? path, string folder, MultipartReader reader)
    {
        var written = new List<WrittenFile>();
        while (await reader.ReadNextSectionAsync(context.RequestAborted) is { } section)
        {
            if (!ContentDispositionHeaderValue.TryParse(section.ContentDisposition, out var disposition) || HeaderUtilities.RemoveQuotes(disposition.Name) != FieldName) continue;
            // The name of the file is its path, folders included. It is UTF-8 as it is, and percent signs in it are not decoded.
            var name = string.IsNullOrEmpty(path) ? HeaderUtilities.RemoveQuotes(disposition.FileName).Value : path;
            if (string.IsNullOrEmpty(name)) throw new E2bException(StatusCodes.Status400BadRequest, "a part of the form has no file name, and there is no path query parameter");
            written.Add(await WriteAsync(context, id, caller, PathOf(name, folder), section.Body, null));
        }

        return written;
    }

    private Task<WrittenFile> WriteAsync(HttpContext context, SandboxId id, Caller caller, FilePath path, Stream body, long? length) => NameAsync(path, async () =>
    {
        await uploader.WriteAsync(caller.Tenant, id, path, body, length, FileConditions.None, context.RequestAborted);
        var text = path.ToString();
        return new WrittenFile(text[(text.LastIndexOf('/') + 1)..], text, "file");
    });

    /// <summary>Checks the signature of a request that has no token.</summary>
    /// <returns>The user's folder.</returns>
    private string Open(HttpContext context, string operation)
    {
        var access = context.Features.GetRequiredFeature<SandboxAccess>();
        var user = QueryParameters.Single(context.Request, "username") ?? "";
        if (context.Features.Get<MissingToken>() is { } missing) CheckSignature(context.Request, access, operation, user, missing.IsOptional);
        return SandboxUser.FolderOf(user, access) ?? throw Refuse($"error looking up user '{user}': unknown user");
    }

    private void CheckSignature(HttpRequest request, SandboxAccess access, string operation, string user, bool isOptional)
    {
        if (QueryParameters.Single(request, FileSignature.Parameter) is not { Length: > 0 } signature)
        {
            if (isOptional) return;
            throw Refuse("missing signature query parameter");
        }

        long? expiration = QueryParameters.Single(request, FileSignature.ExpirationParameter) is not { Length: > 0 } text ? null
            : long.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var at) ? at
            : throw Refuse("invalid signature");
        var path = QueryParameters.Single(request, "path") ?? "";
        // A sandbox without a secret has no token that a signature could be made of.
        if (access.EnvdToken.Length == 0 || !FileSignature.Is(FileSignature.Of(path, operation, user, access.EnvdToken, expiration), signature)) throw Refuse("invalid signature");
        if (expiration < time.GetUtcNow().ToUnixTimeSeconds()) throw Refuse("signature is already expired");
    }

    private static FilePath PathOf(string? path, string folder) =>
        FilePath.Parse(Encoding.UTF8.GetBytes(SandboxPath.Resolve(path, folder)), out var wrong) ?? throw new E2bException(StatusCodes.Status400BadRequest, $"path {wrong}");

    private static string BoundaryOf(MediaTypeHeaderValue type) => HeaderUtilities.RemoveQuotes(type.Boundary) is { Length: > 0 and <= MaxBoundary } boundary
        ? boundary.Value!
        : throw new E2bException(StatusCodes.Status400BadRequest, "the form has no boundary");

    private static async Task<T> NameAsync<T>(FilePath path, Func<Task<T>> call)
    {
        try
        {
            return await call();
        }
        catch (FileRefusedException e)
        {
            throw e.Refusal switch
            {
                FileRefusal.NotFound => new E2bException(StatusCodes.Status404NotFound, $"path '{path}' does not exist"),
                FileRefusal.NotAFile => new E2bException(StatusCodes.Status400BadRequest, $"path '{path}' is a directory, or not a regular file"),
                _ => new ProblemException(ExceptionMapper.OfFile(e, path.ToString())),
            };
        }
    }

    private static E2bException Refuse(string message) => new(StatusCodes.Status401Unauthorized, message);

    private static E2bException WrongType(string? type) =>
        new(StatusCodes.Status400BadRequest, $"unsupported content type: {(type is { Length: > MaxBoundary } ? type[..MaxBoundary] : type)}, expected {Form} or {Binary}");
}
