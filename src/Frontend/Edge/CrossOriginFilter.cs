using Podflare.Http;
using Podflare.Problems;

namespace Podflare.Edge;

/// <summary>
/// Refuses what a browser sends for a page of another origin, unless it only reads. Reads are safe, because the browser keeps the answer from the page.
/// </summary>
/// <remarks>
/// The rule is that of <c>CrossOriginProtection</c> in Go. Browsers send <c>Sec-Fetch-Site</c> only to loopback addresses and over HTTPS, so elsewhere
/// <c>Origin</c> is compared with <c>Host</c>. A request without both does not come from a page.
/// </remarks>
internal sealed class CrossOriginFilter(RequestDelegate next, EdgeSettings settings)
{
    private const string FetchSite = "Sec-Fetch-Site";

    internal static readonly Problem Refusal = new(403, "cross_origin_refused", "this server does not accept requests from pages of other origins")
    {
        Detail = $"add the page's origin to {HttpOptions.Section}:{nameof(HttpOptions.AllowedOrigins)} of the server",
    };

    public Task InvokeAsync(HttpContext context) => IsAllowed(context.Request) ? next(context) : throw new ProblemException(Refusal);

    private bool IsAllowed(HttpRequest request)
    {
        if (HttpMethods.IsGet(request.Method) || HttpMethods.IsHead(request.Method) || HttpMethods.IsOptions(request.Method)) return true;
        var (origin, site) = (request.Headers.Origin.ToString(), request.Headers[FetchSite].ToString());
        if (site.Length > 0) return site is "same-origin" or "none" || settings.Allows(origin);
        return origin.Length == 0 || settings.Allows(origin) || IsOfHost(origin, request.Headers.Host.ToString());
    }

    private static bool IsOfHost(string origin, string host)
    {
        var scheme = origin.IndexOf("://", StringComparison.Ordinal);
        return scheme >= 0 && origin.AsSpan(scheme + 3).Equals(host, StringComparison.OrdinalIgnoreCase);
    }
}
