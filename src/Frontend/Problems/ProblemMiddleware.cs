using Microsoft.AspNetCore.Connections;
using Podflare.OpenApi;
using Podflare.Telemetry;

namespace Podflare.Problems;

/// <summary>Turns whatever the rest of the pipeline refuses, throws or leaves empty into a problem document.</summary>
internal sealed partial class ProblemMiddleware(RequestDelegate next, ILogger<ProblemMiddleware> logger)
{
    public async Task InvokeAsync(HttpContext context)
    {
        try
        {
            await next(context);
            if (IsErrorWithoutBody(context.Response)) await ProblemWriter.WriteAsync(context, ExceptionMapper.ForStatus(context.Response.StatusCode), ProblemWriter.TraceId(context));
        }
        catch (Exception e) when (IsClientDisconnect(context, e))
        {
            // There is nobody to tell; the status is for the span and the log line.
            if (!context.Response.HasStarted) context.Response.StatusCode = StatusCodes.Status499ClientClosedRequest;
            context.Abort();  // or the rest of the body would be waited for
        }
        catch (Exception e)
        {
            await WriteProblemAsync(context, e);
        }
    }

    // A reset reaches whoever reads the body before it aborts the request.
    private static bool IsClientDisconnect(HttpContext context, Exception e) =>
        e is ConnectionResetException || (e is OperationCanceledException or IOException && context.RequestAborted.IsCancellationRequested);

    private static bool IsErrorWithoutBody(HttpResponse response) =>
        response is { HasStarted: false, StatusCode: >= 400, ContentLength: null } && string.IsNullOrEmpty(response.ContentType);

    private async Task WriteProblemAsync(HttpContext context, Exception e)
    {
        var problem = ExceptionMapper.ToProblem(e);
        var traceId = ProblemWriter.TraceId(context);
        var (sandbox, run) = (context.Request.RouteValues["id"], context.Request.RouteValues["run"]);
        if (problem.Code == "internal") LogFailed(e, traceId, sandbox, run);
        else if (problem.Status >= 503) LogUnavailable(problem.Code, traceId, sandbox, run, e.GetType().Name);

        if (problem.Status >= 500) Instruments.Faults.Add(1, new KeyValuePair<string, object?>("code", problem.Code));
        if (context.Response.HasStarted)
        {
            // An orderly end would look like a complete answer.
            context.Abort();
            return;
        }

        var allow = context.Response.Headers.Allow;
        context.Response.Clear();
        context.Response.Headers.Allow = allow;
        TraceResponseHeaders.Write(context.Response, RequestTrace.Of(context).Span);
        await ProblemWriter.WriteAsync(context, problem, traceId);
    }

    [LoggerMessage(LogLevel.Error, "Request failed. trace_id {TraceId} sandbox {Sandbox} run {Run}")]
    private partial void LogFailed(Exception e, string traceId, object? sandbox, object? run);

    [LoggerMessage(LogLevel.Warning, "Answered 503 {Code}. trace_id {TraceId} sandbox {Sandbox} run {Run} cause {Cause}")]
    private partial void LogUnavailable(string code, string traceId, object? sandbox, object? run, string cause);
}
