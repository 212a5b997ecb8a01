using System.Diagnostics.Metrics;

namespace Podflare.Telemetry;

/// <summary>The proxy of this process's host, and what sandboxes do with it.</summary>
public sealed class EgressMetrics
{
    private const int NeverStarted = -1;
    private readonly Counter<long> _connections;
    private readonly Counter<long> _transferred;
    private readonly Counter<long> _restarts;
    private volatile int _up = NeverStarted;

    internal EgressMetrics(Meter meter)
    {
        _connections = meter.CreateCounter<long>("podflare.egress.connections", "{connection}", "Connections to named hosts that sandboxes asked for.");
        _transferred = meter.CreateCounter<long>("podflare.egress.transferred", "By", "Bytes between sandboxes and named hosts.");
        _restarts = meter.CreateCounter<long>("podflare.egress.proxy.restarts", "{restart}", "Restarts of the egress proxy, and attempts to start it that failed.");
        meter.CreateObservableGauge(
            "podflare.egress.proxy.up", () => _up is NeverStarted ? Array.Empty<Measurement<int>>() : [new Measurement<int>(_up)], "{process}",
            "Whether the egress proxy runs. It has no value until a sandbox needs it.");
    }

    /// <param name="verdict"><c>allowed</c>, or why not: one of a few constants.</param>
    public void Count(string verdict, long connections, long sent, long received)
    {
        if (connections > 0) _connections.Add(connections, new KeyValuePair<string, object?>("verdict", verdict));
        if (sent > 0) _transferred.Add(sent, new KeyValuePair<string, object?>("direction", "sent"));
        if (received > 0) _transferred.Add(received, new KeyValuePair<string, object?>("direction", "received"));
    }

    public void OnUp() => _up = 1;

    public void OnDown() => _up = 0;

    public void OnRestart() => _restarts.Add(1);
}
