using System.Diagnostics.Metrics;

namespace Podflare.Telemetry;

/// <summary>How full this process's host is, as it says once a second.</summary>
public sealed class HostMetrics
{
    private volatile Figures _now = new([], [], 0);

    internal HostMetrics(Meter meter)
    {
        meter.CreateObservableGauge("podflare.sandbox.active", () => _now.Active.Select(Measure), "{sandbox}", "Sandboxes of this host.");
        meter.CreateObservableGauge("podflare.pool.idle", () => _now.Idle.Select(Measure), "{container}", "Ready containers that nobody has claimed.");
        meter.CreateObservableGauge("podflare.claim.waiting", () => _now.Waiting, "{claim}", "Claims that wait for room.");
    }

    /// <param name="active">Sandboxes by template.</param>
    /// <param name="idle">Parked containers by template.</param>
    /// <param name="waiting">Claims that wait.</param>
    public void Set(IEnumerable<KeyValuePair<string, int>> active, IEnumerable<KeyValuePair<string, int>> idle, int waiting) =>
        _now = new Figures([.. active], [.. idle], waiting);

    private static Measurement<int> Measure(KeyValuePair<string, int> pair) => new(pair.Value, new KeyValuePair<string, object?>("template", pair.Key));

    private sealed record Figures(KeyValuePair<string, int>[] Active, KeyValuePair<string, int>[] Idle, int Waiting);
}
