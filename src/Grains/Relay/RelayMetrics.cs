using System.Diagnostics.Metrics;
using Podflare.Destinations;
using Podflare.Guests;
using Podflare.Telemetry;

namespace Podflare.Relay;

/// <summary>What is measured of the relay.</summary>
internal static class RelayMetrics
{
    private static readonly Meter Meter = new(Instruments.MeterName);

    /// <summary>Label <c>signal</c>: <c>traces</c>, <c>logs</c>, <c>metrics</c>.</summary>
    private static readonly Counter<long> Items = Meter.CreateCounter<long>("podflare.relay.items", "{item}", "Spans, log records and metrics that programs in sandboxes have sent.");

    public static void Take(TelemetrySignal signal, long items) => Items.Add(items, Label(signal));

    /// <summary>Dropped for every destination.</summary>
    /// <param name="reason">A constant.</param>
    public static void Drop(string reason, long items) => OtlpSenderMetrics.Drop("all", reason, items);

    /// <summary>Not kept with the run.</summary>
    /// <inheritdoc cref="Drop(string, long)"/>
    public static void DropFromRecord(string reason, long items) => OtlpSenderMetrics.Drop("record", reason, items);

    private static KeyValuePair<string, object?> Label(TelemetrySignal signal) => new("signal", signal.ToString().ToLowerInvariant());
}
