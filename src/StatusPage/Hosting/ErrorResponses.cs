using Podflare.Http;
using Podflare.Pages;
using Podflare.Serialization;

namespace Podflare.Hosting;

/// <summary>Every refusal and failure as the caller can read it: a page for browsers, problem details for the admin API.</summary>
internal static partial class ErrorResponses
{
    public static void UseErrorResponses(this WebApplication app) => app.Use(async (context, next) =>
    {
        try
        {
            await next(context);
            if (context.Response is { HasStarted: false, StatusCode: 404 or 405, ContentType: null })
                await WriteAsync(context, context.Response.StatusCode, context.Response.StatusCode == 404 ? "not_found" : "method_not_allowed", "There is nothing here.", null);
        }
        catch (RequestRejectedException e)
        {
            await WriteAsync(context, e.Status, e.Code, e.Message, e.Errors);
        }
        catch (BadHttpRequestException e)
        {
            await WriteAsync(context, e.StatusCode, e.StatusCode == 413 ? "body_too_large" : "invalid_request", "The request cannot be read.", null);
        }
        catch (Microsoft.Data.Sqlite.SqliteException)
        {
            // The database has logged it. What is in memory can still be read.
            await WriteAsync(context, 503, "storage_unavailable", "This cannot be stored now. Try again later.", null);
        }
        catch (OperationCanceledException) when (context.RequestAborted.IsCancellationRequested)
        {
            // Nobody listens any more.
        }
#pragma warning disable CA1031 // The edge: whatever it is, the caller gets an answer and the log has it.
        catch (Exception e)
#pragma warning restore CA1031
        {
            LogFailed(app.Logger, e, context.Request.Method, context.Request.Path);
            await WriteAsync(context, 500, "internal", "Something went wrong here.", null);
        }
    });

    private static Task WriteAsync(HttpContext context, int status, string code, string text, IReadOnlyDictionary<string, string>? errors)
    {
        if (context.Response.HasStarted) return Task.CompletedTask;
        context.Response.Headers.ETag = default;
        if (!context.IsAdmin() && !context.Request.Path.StartsWithSegments("/api"))
            return context.SendPageAsync(PageEndpoints.Message(context.RequestServices.GetRequiredService<Layout>(), status == 404 ? "Not found" : "Not possible", text), status);
        context.Response.StatusCode = status;
        context.Response.ContentType = "application/problem+json";
        context.Response.Headers.CacheControl = "no-store";
        return context.Response.WriteAsync(StatusJson.Text(new { error = text, code, title = text, status, errors }), context.RequestAborted);
    }

    [LoggerMessage(LogLevel.Error, "{Method} {Path} failed.")]
    private static partial void LogFailed(ILogger logger, Exception exception, string method, string path);
}
