namespace Podflare.Telemetry;

/// <summary>How a response tells under which trace its work is found.</summary>
internal static class TraceResponseHeaders
{
    private const string TraceId = "Podflare-Trace-Id";
    private const string ServerTiming = "Server-Timing";

    /// <param name="traceParent">The run's span on an exec, else the server's.</param>
    public static void Write(HttpResponse response, string traceParent)
    {
        response.Headers[TraceId] = traceParent.Substring(3, 32);
        response.Headers[ServerTiming] = $"trace;desc={traceParent}";
    }
}
