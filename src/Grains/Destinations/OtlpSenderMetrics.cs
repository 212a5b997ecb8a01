using System.Diagnostics.Metrics;
using Podflare.Guests;
using Podflare.Telemetry;

namespace Podflare.Destinations;

/// <summary>What is measured of the sending of OTLP data.</summary>
internal static class OtlpSenderMetrics
{
    private static readonly Meter Meter = new(Instruments.MeterName);

    /// <summary>Labels <c>signal</c> and <c>destination</c>.</summary>
    private static readonly Counter<long> Sent = Meter.CreateCounter<long>("podflare.relay.forwarded", "{item}", "Spans, log records and metrics that OTLP endpoints have accepted.");

    /// <summary>Labels <c>destination</c> and <c>reason</c>.</summary>
    private static readonly Counter<long> Lost = Meter.CreateCounter<long>(
        "podflare.relay.dropped", "{item}", "Spans, log records and metrics from sandboxes that were dropped. A request that was never decoded counts as one.");

    /// <param name="destination">A constant.</param>
    public static void Accepted(string destination, TelemetrySignal signal, long items) =>
        Sent.Add(items, new KeyValuePair<string, object?>("signal", signal.ToString().ToLowerInvariant()), new KeyValuePair<string, object?>("destination", destination));

    /// <param name="destination">A constant.</param>
    /// <param name="reason">A constant.</param>
    public static void Drop(string destination, string reason, long items)
    {
        if (items > 0) Lost.Add(items, new KeyValuePair<string, object?>("destination", destination), new KeyValuePair<string, object?>("reason", reason));
    }
}
