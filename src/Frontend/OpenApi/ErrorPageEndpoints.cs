using Microsoft.AspNetCore.Http.HttpResults;
using Podflare.Keys;
using Podflare.Problems;

namespace Podflare.OpenApi;

/// <summary>Serves the page about an error code, as HTML to browsers and as Markdown to everything else. No API key is needed.</summary>
internal static class ErrorPageEndpoints
{
    public static void MapErrorPages(this IEndpointRouteBuilder routes) =>
        routes.MapGet($"{ErrorPages.Prefix}/{{code}}", Get).WithMetadata(new AllowAnonymous());

    private static ContentHttpResult Get(HttpContext context, string code)
    {
        if (ErrorPages.FindMarkdown(code) is not { } markdown) throw new ProblemException(ExceptionMapper.ForStatus(StatusCodes.Status404NotFound));
        context.Response.Headers.Vary = "Accept";
        if (!AcceptsHtml(context.Request)) return TypedResults.Text(markdown, "text/markdown; charset=utf-8");
        context.Response.Headers.ContentSecurityPolicy = "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";
        return TypedResults.Text(ErrorPages.ToHtml(code, markdown), "text/html; charset=utf-8");
    }

    private static bool AcceptsHtml(HttpRequest request) => request.Headers.Accept.Any(accept => accept?.Contains("text/html", StringComparison.OrdinalIgnoreCase) == true);
}
