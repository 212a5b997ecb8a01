using System.Diagnostics.Metrics;

namespace Podflare.Streaming;

/// <summary>What is measured at the consumer's end of the run streams.</summary>
internal static class StreamMetrics
{
    private static readonly Meter Meter = new("Podflare");

    /// <summary>Label <c>reason</c>: <c>full</c>, <c>moved</c>, <c>silolost</c>, <c>silent</c>.</summary>
    public static readonly Counter<long> Fallbacks = Meter.CreateCounter<long>(
        "podflare.stream.fallbacks", "{subscription}", "Subscriptions that broke; their readers continued from the log.");
}
