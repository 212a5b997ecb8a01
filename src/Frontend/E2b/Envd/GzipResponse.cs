using System.IO.Compression;
using Microsoft.Net.Http.Headers;

namespace Podflare.E2b.Envd;

/// <summary>Compresses a file on its way to a client that accepts nothing but gzip.</summary>
internal static class GzipResponse
{
    private const string Gzip = "gzip";
    private const string Identity = "identity";

    /// <summary>Whether the client names gzip alone, or refuses what is not compressed. Most clients name gzip beside others without any wish for it.</summary>
    public static bool IsWanted(HttpRequest request)
    {
        if (!StringWithQualityHeaderValue.TryParseList(request.Headers.AcceptEncoding, out var accepted)) return false;
        var accepts = accepted.Any(value => Is(value, Gzip) && value.Quality is not 0);
        var refuses = accepted.Any(value => value.Quality is 0 && (Is(value, Identity) || (Is(value, "*") && !accepted.Any(other => Is(other, Identity)))));
        return accepts && (refuses || accepted.Count == 1);
    }

    /// <summary>Compresses everything that is sent. What fails before the first byte is sent as it is.</summary>
    public static async Task SendAsync(HttpContext context, Func<Task> send)
    {
        var (body, isCompressing) = (context.Response.Body, true);
        context.Response.OnStarting(() =>
        {
            context.Response.Headers.Vary = HeaderNames.AcceptEncoding;
            if (!isCompressing || !HasContent(context.Response)) return Task.CompletedTask;
            context.Response.Headers.ContentEncoding = Gzip;
            context.Response.Headers.AcceptRanges = default;
            // It is that of the file.
            context.Response.Headers.ETag = default;
            context.Response.ContentLength = null;
            return Task.CompletedTask;
        });
        var gzip = new GZipStream(body, CompressionLevel.Fastest, leaveOpen: true);
        try
        {
            context.Response.Body = gzip;
            await send();
            if (HasContent(context.Response)) await gzip.DisposeAsync();
        }
        catch
        {
            // Without its end the client sees that the file is not whole.
            isCompressing = false;
            throw;
        }
        finally
        {
            context.Response.Body = body;
        }
    }

    private static bool HasContent(HttpResponse response) => response is { StatusCode: StatusCodes.Status200OK, ContentLength: not 0 };

    private static bool Is(StringWithQualityHeaderValue value, string name) => value.Value.Equals(name, StringComparison.OrdinalIgnoreCase);
}
