using System.Diagnostics;
using Podflare.Telemetry;

namespace Podflare.GrainClient;

/// <summary>The caller's current span, as calls and runs carry it: whether it is sampled or not.</summary>
internal static class CallerTrace
{
    private const int MaxTraceState = 512;

    /// <summary>Null outside any span of W3C Trace Context.</summary>
    public static TraceBinding? Current() =>
        Activity.Current is { IdFormat: ActivityIdFormat.W3C } span
            ? new TraceBinding(span.Id!, span.TraceStateString is { Length: > 0 and <= MaxTraceState } state ? state : null)
            : null;
}
