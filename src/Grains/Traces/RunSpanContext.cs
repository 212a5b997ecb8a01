using System.Security.Cryptography;
using System.Text;
using Podflare.Runs;
using Podflare.Telemetry;

namespace Podflare.Traces;

/// <summary>The trace and the span of a run: the same wherever they are computed, before and after any crash.</summary>
/// <param name="TraceId">16 bytes.</param>
/// <param name="SpanId">8 bytes.</param>
internal sealed record RunSpanContext(byte[] TraceId, byte[] SpanId)
{
    private const int TraceAt = 3, SpanAt = 36;
    private const int TraceDigits = 32, SpanDigits = 16;

    public static RunSpanContext Of(RunRecord run) => new(Convert.FromHexString(TraceOf(run)), Convert.FromHexString(SpanOf(run)));

    /// <summary>What the run's code gets as its parent, as <c>traceparent</c>.</summary>
    /// <param name="isShown">
    /// The code's spans come to the run's record, where the run's own span always is. Else the parent is a span that a backend has too.
    /// </param>
    /// <returns>Null where the run belongs to no trace, and nothing shows one.</returns>
    public static string? ForCode(RunRecord run, bool isShown)
    {
        if (!isShown || run.Trace is { Span: not null }) return run.Trace?.ForCode;
        // The caller does not sample this trace, so its code must not either.
        if (run.Trace is { TraceParent: [.., '0' or '2'] unsampled }) return unsampled;
        return $"00-{TraceOf(run)}-{SpanOf(run)}-01";
    }

    // Where a caller gave the run no trace, it has one of its own.
    private static string TraceOf(RunRecord run) => run.Trace is { } trace
        ? trace.TraceParent.Substring(TraceAt, TraceDigits)
        : Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes($"trace\0{run.Id.Value}")).AsSpan(0, TraceDigits / 2));

    private static string SpanOf(RunRecord run) => run.Trace?.Span?.Substring(SpanAt, SpanDigits) ?? SpanIds.Of(Spans.Run, run.Id);
}
