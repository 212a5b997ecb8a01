using System.Diagnostics.Metrics;

namespace Podflare.Telemetry;

/// <summary>How full this process's host is, as it says once a second.</summary>
public sealed class HostMetrics
{
    private volatile Figures _now = new([], [], 0);
    private volatile Measurement<int>[] _layers = [];
    private double _overcommit;

    internal HostMetrics(Meter meter)
    {
        meter.CreateObservableGauge("podflare.sandbox.active", () => _now.Active.Select(Measure), "{sandbox}", "Sandboxes of this host.");
        meter.CreateObservableGauge("podflare.pool.idle", () => _now.Idle.Select(Measure), "{container}", "Ready containers that nobody has claimed.");
        meter.CreateObservableGauge("podflare.claim.waiting", () => _now.Waiting, "{claim}", "Claims that wait for room.");
        meter.CreateObservableGauge("podflare.isolation.layer", () => _layers, "{layer}", "Whether a layer around sandboxes is there (1) or missing (0).");
        meter.CreateObservableGauge("podflare.host.overcommit", () => Volatile.Read(ref _overcommit), "1", "How many times its memory this host promises to sandboxes.");
    }

    /// <param name="active">Sandboxes by template.</param>
    /// <param name="idle">Parked containers by template.</param>
    /// <param name="waiting">Claims that wait.</param>
    public void Set(IEnumerable<KeyValuePair<string, int>> active, IEnumerable<KeyValuePair<string, int>> idle, int waiting) =>
        _now = new Figures([.. active], [.. idle], waiting);

    /// <summary>The layers that were probed, by runtime. Those that cannot be seen from inside are left out.</summary>
    public void SetIsolation(IEnumerable<(string Layer, string Runtime, bool Exists)> layers) => _layers =
    [
        .. layers.Select(layer => new Measurement<int>(
            layer.Exists ? 1 : 0, new KeyValuePair<string, object?>("layer", layer.Layer), new KeyValuePair<string, object?>("runtime", layer.Runtime))),
    ];

    /// <summary>The factor by which memory is promised.</summary>
    public void SetOvercommit(double factor) => Volatile.Write(ref _overcommit, factor);

    private static Measurement<int> Measure(KeyValuePair<string, int> pair) => new(pair.Value, new KeyValuePair<string, object?>("template", pair.Key));

    private sealed record Figures(KeyValuePair<string, int>[] Active, KeyValuePair<string, int>[] Idle, int Waiting);
}
