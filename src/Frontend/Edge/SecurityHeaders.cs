using Podflare.Http;

namespace Podflare.Edge;

/// <summary>Adds to every response the headers that keep browsers from misusing it.</summary>
internal sealed class SecurityHeaders(RequestDelegate next)
{
    // Two years, as browsers recommend.
    private const string Hsts = "max-age=63072000";

    public Task InvokeAsync(HttpContext context)
    {
        // At the start of the response, because an error clears what was set before it.
        context.Response.OnStarting(
            static context =>
            {
                Write((HttpContext)context);
                return Task.CompletedTask;
            },
            context);
        return next(context);
    }

    private static void Write(HttpContext context)
    {
        var headers = context.Response.Headers;
        headers.XContentTypeOptions = "nosniff";
        headers["Referrer-Policy"] = "no-referrer";
        if (headers.CacheControl.Count == 0 && Mount.IsApi(context.Request.Path)) headers.CacheControl = "no-store";
        if (context.Request.IsHttps && IsName(context.Request.Host.Host)) headers.StrictTransportSecurity = Hsts;
    }

    // Browsers ignore the header for addresses. For localhost, it would break every other server of a developer.
    private static bool IsName(string host) => host.Length > 0 && !host.Equals("localhost", StringComparison.OrdinalIgnoreCase) && !EdgeSettings.IsIpLiteral(host);
}
