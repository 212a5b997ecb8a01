namespace Podflare.Telemetry;

/// <summary>Response headers with the trace of the request.</summary>
internal static class TraceResponseHeaders
{
    private const string TraceId = "Podflare-Trace-Id";
    private const string ServerTiming = "Server-Timing";

    /// <param name="traceParent">The span of the run for an exec, otherwise the server span.</param>
    public static void Write(HttpResponse response, string traceParent)
    {
        response.Headers[TraceId] = traceParent.Substring(3, 32);
        response.Headers[ServerTiming] = $"trace;desc={traceParent}";
    }
}
