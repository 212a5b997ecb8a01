using Microsoft.Extensions.Options;
using Microsoft.Extensions.Primitives;
using Microsoft.Net.Http.Headers;
using Podflare.Keys;
using Podflare.Problems;

namespace Podflare.WebConsole;

/// <summary>
/// Serves the console and the front page. Every frontend serves the same files and keeps no state about its readers. No API key is needed: the pages contain nothing of this server,
/// and use the public API with a key that the reader enters.
/// </summary>
internal static class ConsoleEndpoints
{
    public const string Prefix = "/console";

    // Styles are set by script, which this allows; images of runs are blobs, and HTML of runs is shown in frames without any rights.
    private const string Policy =
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data: blob:; font-src 'self'; connect-src 'self'; frame-src blob:; base-uri 'none'; "
        + "form-action 'self'; frame-ancestors 'none'";

    public static IServiceCollection AddConsole(this IServiceCollection services)
    {
        services.AddOptions<ConsoleOptions>().BindConfiguration(ConsoleOptions.Section).ValidateDataAnnotations().ValidateOnStart();
        return services.AddSingleton<ConsoleFiles>();
    }

    public static void MapConsole(this IEndpointRouteBuilder routes)
    {
        if (!routes.ServiceProvider.GetRequiredService<IOptions<ConsoleOptions>>().Value.Enabled) return;
        routes.MapGet("/", GetFrontAsync).WithMetadata(new AllowAnonymous());
        routes.MapGet($"{Prefix}/{{**file}}", GetAsync).WithMetadata(new AllowAnonymous());
    }

    // The address had no answer before it had a page, and programs are still told so.
    private static Task GetFrontAsync(HttpContext context, ConsoleFiles files)
    {
        context.Response.Headers.Append(HeaderNames.Vary, HeaderNames.Accept);
        if (!AcceptsHtml(context.Request)) throw NotFound();
        return SendAsync(context, files.Find(ConsoleFiles.Front)!);
    }

    private static Task GetAsync(HttpContext context, ConsoleFiles files, string? file)
    {
        if (file is { Length: > 0 } && file != ConsoleFiles.Front && files.Find(file) is { } found) return SendAsync(context, found);
        // A file that does not exist; every other address is one of the console's own pages.
        if (Path.HasExtension(file)) throw NotFound();
        context.Response.Headers.Link = files.Preloads;
        return SendAsync(context, files.Find(ConsoleFiles.Index)!);
    }

    private static async Task SendAsync(HttpContext context, ConsoleFile file)
    {
        var (request, headers) = (context.Request, context.Response.Headers);
        var isPacked = AcceptsGzip(request);
        headers.ContentSecurityPolicy = Policy;
        headers["Cross-Origin-Opener-Policy"] = "same-origin";
        // Asked again each time, so that pages of two versions are not mixed after an upgrade.
        headers.CacheControl = "no-cache";
        headers.ETag = isPacked ? file.PackedTag : file.Tag;
        headers.Append(HeaderNames.Vary, HeaderNames.AcceptEncoding);
        if (Matches(request.Headers.IfNoneMatch, file))
        {
            context.Response.StatusCode = StatusCodes.Status304NotModified;
            return;
        }

        var content = isPacked ? file.Packed : file.Content;
        if (isPacked) headers.ContentEncoding = "gzip";
        context.Response.ContentType = file.ContentType;
        context.Response.ContentLength = content.Length;
        if (!HttpMethods.IsHead(request.Method)) await context.Response.Body.WriteAsync(content, context.RequestAborted);
    }

    private static bool AcceptsHtml(HttpRequest request) => request.Headers.Accept.Any(accept => accept?.Contains("text/html", StringComparison.OrdinalIgnoreCase) == true);

    private static bool AcceptsGzip(HttpRequest request) =>
        request.GetTypedHeaders().AcceptEncoding.Any(encoding => encoding.Value.Equals("gzip", StringComparison.OrdinalIgnoreCase) && encoding.Quality is not 0);

    // A proxy that compresses responses turns strong tags into weak ones.
    private static bool Matches(StringValues sent, ConsoleFile file) => sent.Any(line => line is not null
        && line.Split(',').Select(tag => tag.Trim()).Any(tag => tag == "*" || (tag.StartsWith("W/", StringComparison.Ordinal) ? tag[2..] : tag) is var strong && (strong == file.Tag || strong == file.PackedTag)));

    private static ProblemException NotFound() => new(ExceptionMapper.ForStatus(StatusCodes.Status404NotFound));
}
