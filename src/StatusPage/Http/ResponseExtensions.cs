using System.Security.Cryptography;
using Microsoft.Extensions.Primitives;

namespace Podflare.Http;

internal static class ResponseExtensions
{
    /// <summary>Sends the content with an ETag, or 304 if the client already has it.</summary>
    public static async Task SendAsync(this HttpContext context, byte[] content, string type, string cache, bool everywhere = false)
    {
        var tag = $"\"{Convert.ToHexStringLower(SHA256.HashData(content))[..24]}\"";
        var headers = context.Response.Headers;
        headers.ETag = tag;
        headers.CacheControl = cache;
        if (everywhere) headers.AccessControlAllowOrigin = "*";
        if (Matches(context.Request.Headers.IfNoneMatch, tag))
        {
            context.Response.StatusCode = StatusCodes.Status304NotModified;
            return;
        }

        context.Response.ContentType = type;
        context.Response.ContentLength = content.Length;
        if (!HttpMethods.IsHead(context.Request.Method)) await context.Response.Body.WriteAsync(content, context.RequestAborted);
    }

    public static Task SendPageAsync(this HttpContext context, string html, int status = 200)
    {
        context.Response.StatusCode = status;
        context.Response.ContentType = "text/html; charset=utf-8";
        context.Response.Headers.CacheControl = "no-store";
        return context.Response.WriteAsync(html, context.RequestAborted);
    }

    // A proxy that compresses responses turns strong tags into weak ones.
    private static bool Matches(StringValues sent, string tag) => sent.Any(line => line is not null
        && line.Split(',').Any(one => one.Trim() is var t && (t == "*" || t == tag || t == "W/" + tag)));
}
