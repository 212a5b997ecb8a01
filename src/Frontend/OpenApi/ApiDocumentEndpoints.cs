using System.Security.Cryptography;
using Podflare.Keys;
using Scalar.AspNetCore;

namespace Podflare.OpenApi;

/// <summary>The API description and its interactive pages. No API key is needed: they contain only what is public in the repository.</summary>
internal static class ApiDocumentEndpoints
{
    private const string Address = "/openapi/v1.json";

    private static readonly Lazy<string> Look = new(() => ReadResource("Podflare.Console/look/tokens.css") + ReadResource("Podflare.OpenApi.docs.css"));

    public static void MapApiDocument(this IEndpointRouteBuilder routes)
    {
        var document = new Lazy<byte[]>(ApiDocument.Render);
        routes.MapGet(Address, () => TypedResults.Bytes(document.Value, "application/json")).WithMetadata(new AllowAnonymous());
        routes.MapScalarApiReference("/docs", Describe).WithMetadata(new AllowAnonymous());
    }

    private static void Describe(ScalarOptions options, HttpContext context)
    {
        var nonce = RandomNumberGenerator.GetHexString(32, lowercase: true);
        // The script of the pages can fetch from other servers. Its options disable that, and the browser enforces it.
        context.Response.Headers.ContentSecurityPolicy =
            $"default-src 'none'; script-src 'self' 'nonce-{nonce}'; style-src 'self' 'unsafe-inline'; img-src 'self' data: blob:; font-src 'self' data:; "
            + "connect-src 'self'; worker-src 'self' blob:; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";
        options.WithTitle("Podflare API").WithOpenApiRoutePattern(Address).WithNonce(nonce);
        options.WithTheme(ScalarTheme.None).WithCustomCss(Look.Value);
        options.DisableDefaultFonts().DisableTelemetry().DisableAgent().DisableMcp().HideClientButton().HideDeveloperTools();
    }

    private static string ReadResource(string name)
    {
        using var reader = new StreamReader(typeof(ApiDocumentEndpoints).Assembly.GetManifestResourceStream(name)!);
        return reader.ReadToEnd();
    }
}
