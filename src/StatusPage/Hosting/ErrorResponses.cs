using Podflare.Http;
using Podflare.Pages;
using Podflare.Serialization;

namespace Podflare.Hosting;

/// <summary>Turns rejections and failures into responses: a page for browsers, problem details for APIs.</summary>
internal static partial class ErrorResponses
{
    public static void UseErrorResponses(this WebApplication app) => app.Use(async (context, next) =>
    {
        try
        {
            await next(context);
            if (context.Response is { HasStarted: false, StatusCode: 404 or 405, ContentType: null })
                await WriteAsync(context, context.Response.StatusCode, context.Response.StatusCode == 404 ? "not_found" : "method_not_allowed", "There is nothing at this address.", null);
        }
        catch (RequestRejectedException e)
        {
            await WriteAsync(context, e.Status, e.Code, e.Message, e.Errors);
        }
        catch (BadHttpRequestException e)
        {
            await WriteAsync(context, e.StatusCode, e.StatusCode == 413 ? "body_too_large" : "invalid_request", "The request could not be read.", null);
        }
        catch (Microsoft.Data.Sqlite.SqliteException e) when (e.SqliteErrorCode is not (SQLitePCL.raw.SQLITE_ERROR or SQLitePCL.raw.SQLITE_CONSTRAINT))
        {
            // The database has logged it. Reading still works, from memory.
            await WriteAsync(context, 503, "storage_unavailable", "The change cannot be stored at the moment. Try again later.", null);
        }
        catch (OperationCanceledException) when (context.RequestAborted.IsCancellationRequested)
        {
            // The client has disconnected.
        }
#pragma warning disable CA1031 // The outermost handler: the caller gets a response and the failure is logged.
        catch (Exception e)
#pragma warning restore CA1031
        {
            LogFailed(app.Logger, e, context.Request.Method, context.Request.Path);
            await WriteAsync(context, 500, "internal", "An internal error occurred.", null);
        }
    });

    private static Task WriteAsync(HttpContext context, int status, string code, string text, IReadOnlyDictionary<string, string>? errors)
    {
        if (context.Response.HasStarted) return Task.CompletedTask;
        context.Response.Headers.ETag = default;
        if (!context.IsAdmin() && !context.Request.Path.StartsWithSegments("/api"))
            return context.SendPageAsync(PageEndpoints.Message(context.RequestServices.GetRequiredService<Layout>(), status == 404 ? "Not found" : "Request rejected", text), status);
        context.Response.StatusCode = status;
        context.Response.ContentType = "application/problem+json";
        context.Response.Headers.CacheControl = "no-store";
        return context.Response.WriteAsync(StatusJson.Text(new { error = text, code, title = text, status, errors }), context.RequestAborted);
    }

    [LoggerMessage(LogLevel.Error, "{Method} {Path} failed.")]
    private static partial void LogFailed(ILogger logger, Exception exception, string method, string path);
}
