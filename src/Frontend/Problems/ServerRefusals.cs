using System.Diagnostics;
using System.Globalization;
using System.Text;
using Microsoft.AspNetCore.Connections;
using Microsoft.AspNetCore.Http.Features;
using Microsoft.AspNetCore.WebUtilities;

namespace Podflare.Problems;

/// <summary>Gives a problem document to the requests that Kestrel itself refuses, because it cannot parse them.</summary>
/// <remarks>
/// Kestrel answers those with a bare status line before any middleware runs. It reports each one through the diagnostic event
/// <c>Microsoft.AspNetCore.Server.Kestrel.BadRequest</c> just before it writes, so the connection's <see cref="ReplaceablePipeWriter"/> can write a full answer instead.
/// </remarks>
internal sealed partial class ServerRefusals(ILogger<ServerRefusals> logger) : IObserver<KeyValuePair<string, object?>>
{
    private const string BadRequest = "Microsoft.AspNetCore.Server.Kestrel.BadRequest";

    /// <summary>Subscribes for the lifetime of the application.</summary>
    public void Subscribe(DiagnosticListener diagnostics) => diagnostics.Subscribe(this, static (name, _, _) => name == BadRequest);

    /// <summary>Connection middleware: makes the connection's output replaceable.</summary>
    public static ConnectionDelegate Wrap(ConnectionDelegate next) => connection =>
    {
        var output = new ReplaceablePipeWriter(connection.Transport.Output);
        connection.Transport = new DuplexPipe(connection.Transport.Input, output);
        connection.Features.Set(output);
        return next(connection);
    };

    public void OnNext(KeyValuePair<string, object?> value)
    {
        if (value.Key != BadRequest || value.Value is not IFeatureCollection features || features.Get<ReplaceablePipeWriter>() is not { } output) return;
        if (features.Get<IHttpResponseFeature>() is not { HasStarted: false } || features.Get<IBadRequestExceptionFeature>()?.Error is not BadHttpRequestException error) return;
        var traceId = ActivityTraceId.CreateRandom().ToHexString();
        LogRefused(error.StatusCode, error.Message, traceId);
        output.Replace(Render(ExceptionMapper.OfBadRequest(error), traceId));
    }

    public void OnCompleted()
    {
        // The application ends with its diagnostics.
    }

    public void OnError(Exception error)
    {
        // Diagnostic sources do not report errors.
    }

    private static byte[] Render(Problem problem, string traceId)
    {
        var body = ProblemWriter.Render(problem, traceId);
        var head = string.Create(CultureInfo.InvariantCulture, $"""
            HTTP/1.1 {problem.Status} {ReasonPhrases.GetReasonPhrase(problem.Status)}
            Content-Length: {body.Length}
            Content-Type: {ProblemWriter.ContentType}
            Cache-Control: no-store
            Connection: close
            X-Content-Type-Options: nosniff
            Podflare-Trace-Id: {traceId}


            """).ReplaceLineEndings("\r\n");
        return [.. Encoding.ASCII.GetBytes(head), .. body];
    }

    [LoggerMessage(LogLevel.Information, "A request could not be parsed and was answered with {Status}: {Reason} trace_id {TraceId}")]
    private partial void LogRefused(int status, string reason, string traceId);
}
