using Microsoft.AspNetCore.Connections;
using Podflare.Http;
using Podflare.Telemetry;

namespace Podflare.Problems;

/// <summary>Turns exceptions and error responses without a body into problem documents.</summary>
internal sealed partial class ProblemMiddleware(RequestDelegate next, RequestBodyDiscarder bodies, ILogger<ProblemMiddleware> logger)
{
    public async Task InvokeAsync(HttpContext context)
    {
        try
        {
            await next(context);
            if (IsErrorWithoutBody(context.Response)) await WriteAsync(context, ExceptionMapper.ForStatus(context.Response.StatusCode), ProblemWriter.TraceId(context), null);
        }
        catch (Exception e) when (IsClientDisconnect(context, e))
        {
            // Nobody reads the answer. The status is for the span and the log.
            if (!context.Response.HasStarted) context.Response.StatusCode = StatusCodes.Status499ClientClosedRequest;
            context.Abort();  // otherwise Kestrel would wait for the rest of the body
        }
        catch (Exception e)
        {
            await HandleAsync(context, e);
        }
    }

    // The code that reads the body sees a connection reset before RequestAborted is cancelled.
    private static bool IsClientDisconnect(HttpContext context, Exception e) =>
        e is ConnectionResetException || (e is OperationCanceledException or IOException && context.RequestAborted.IsCancellationRequested);

    private static bool IsErrorWithoutBody(HttpResponse response) =>
        response is { HasStarted: false, StatusCode: >= 400, ContentLength: null } && string.IsNullOrEmpty(response.ContentType);

    private async Task HandleAsync(HttpContext context, Exception e)
    {
        var problem = ExceptionMapper.ToProblem(e);
        var traceId = ProblemWriter.TraceId(context);
        var (sandbox, run) = (context.Request.RouteValues["id"], context.Request.RouteValues["run"]);
        if (problem.Code == "internal") LogFailed(e, traceId, sandbox, run);
        else if (problem.Status == 503) LogUnavailable(problem.Code, traceId, sandbox, run, e.GetType().Name);

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
        await WriteAsync(context, ResourceNames.AddTo(problem, context.Request.RouteValues), traceId, e);
    }

    /// <summary>Sends the whole answer first, so that a client that reads while it sends can stop.</summary>
    private async Task WriteAsync(HttpContext context, Problem problem, string traceId, Exception? cause)
    {
        if (context.Features.Get<IProblemFormat>() is { } format) await format.WriteAsync(context, problem, cause);
        else await ProblemWriter.WriteAsync(context, problem, traceId);
        await context.Response.CompleteAsync();
        await bodies.DiscardAsync(context);
    }

    [LoggerMessage(LogLevel.Error, "The request failed. trace_id {TraceId} sandbox {Sandbox} run {Run}")]
    private partial void LogFailed(Exception e, string traceId, object? sandbox, object? run);

    [LoggerMessage(LogLevel.Warning, "The request was answered with 503 {Code}. trace_id {TraceId} sandbox {Sandbox} run {Run} cause {Cause}")]
    private partial void LogUnavailable(string code, string traceId, object? sandbox, object? run, string cause);
}
