using System.Collections.Concurrent;
using Podflare.EgressProxy.Reports;
using Podflare.EgressProxy.Settings;

namespace Podflare.EgressProxy.Tunnels;

/// <summary>The open tunnels. Those on which nothing is transferred for too long are ended, and bytes are reported while they are open.</summary>
internal sealed class TunnelTable(ProxyOptions options, ReportCollector reports)
{
    private readonly ConcurrentDictionary<Tunnel, Entry> _open = new();

    /// <summary>Runs a tunnel to its end.</summary>
    public async Task RunAsync(Tunnel tunnel, CancellationToken cancellationToken)
    {
        using var idle = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        var entry = new Entry(idle);
        _open[tunnel] = entry;
        try
        {
            await tunnel.CopyAsync(idle.Token);
        }
        finally
        {
            _open.TryRemove(tunnel, out _);
            entry.Report(tunnel, reports);
        }
    }

    /// <summary>Reports what was transferred since the last call, and ends tunnels that are idle for too long.</summary>
    public void Check()
    {
        foreach (var (tunnel, entry) in _open)
        {
            entry.Report(tunnel, reports);
            if (tunnel.Idle.TotalSeconds > options.IdleSeconds) entry.End();
        }
    }

    private sealed class Entry(CancellationTokenSource idle)
    {
        private readonly Lock _gate = new();
        private long _sent;
        private long _received;

        public void Report(Tunnel tunnel, ReportCollector reports)
        {
            lock (_gate)
            {
                var (sent, received) = (tunnel.Sent, tunnel.Received);
                reports.CountBytes(tunnel.Sandbox, tunnel.Name, sent - _sent, received - _received);
                (_sent, _received) = (sent, received);
            }
        }

        public void End()
        {
            try
            {
                idle.Cancel();
            }
            catch (ObjectDisposedException)
            {
                // It has just ended by itself.
            }
        }
    }
}
