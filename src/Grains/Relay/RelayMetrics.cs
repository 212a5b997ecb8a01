using System.Diagnostics.Metrics;
using Podflare.Guests;
using Podflare.Telemetry;

namespace Podflare.Relay;

/// <summary>What is measured of the relay.</summary>
internal static class RelayMetrics
{
    private static readonly Meter Meter = new(Instruments.MeterName);

    /// <summary>Label <c>signal</c>: <c>traces</c>, <c>logs</c>, <c>metrics</c>.</summary>
    private static readonly Counter<long> Items = Meter.CreateCounter<long>("podflare.relay.items", "{item}", "Spans, log records and metrics that programs in sandboxes have sent.");

    /// <summary>Label <c>signal</c>.</summary>
    private static readonly Counter<long> Sent = Meter.CreateCounter<long>("podflare.relay.forwarded", "{item}", "Spans, log records and metrics from sandboxes that the OTLP endpoint has accepted.");

    /// <summary>Labels <c>destination</c> and <c>reason</c>.</summary>
    private static readonly Counter<long> Lost = Meter.CreateCounter<long>(
        "podflare.relay.dropped", "{item}", "Spans, log records and metrics from sandboxes that were dropped. A request that was never decoded counts as one.");

    public static void Take(TelemetrySignal signal, long items) => Items.Add(items, Label(signal));

    public static void Forward(TelemetrySignal signal, long items) => Sent.Add(items, Label(signal));

    /// <summary>Dropped for every destination.</summary>
    /// <param name="reason">A constant.</param>
    public static void Drop(string reason, long items) => Drop("all", reason, items);

    /// <summary>Not kept with the run.</summary>
    /// <inheritdoc cref="Drop(string, long)"/>
    public static void DropFromRecord(string reason, long items) => Drop("record", reason, items);

    /// <summary>Not forwarded.</summary>
    /// <inheritdoc cref="Drop(string, long)"/>
    public static void DropFromForwarding(string reason, long items) => Drop("operator", reason, items);

    private static void Drop(string destination, string reason, long items)
    {
        if (items > 0) Lost.Add(items, new KeyValuePair<string, object?>("destination", destination), new KeyValuePair<string, object?>("reason", reason));
    }

    private static KeyValuePair<string, object?> Label(TelemetrySignal signal) => new("signal", signal.ToString().ToLowerInvariant());
}
