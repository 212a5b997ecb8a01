using Podflare.EgressProxy.Sandboxes;

namespace Podflare.EgressProxy.Reports;

/// <summary>Adds up what happened until it is taken. However fast a sandbox is refused, it makes one report per host.</summary>
internal sealed class ReportCollector
{
    private const int MaxReports = 4_096;
    private readonly Dictionary<(string Sandbox, string Name, string Verdict), ConnectionReport> _reports = [];
    private readonly Lock _gate = new();

    /// <summary>Counts a connection with its verdict.</summary>
    /// <param name="sandbox">Null if the address is no sandbox's.</param>
    public void Count(RegisteredSandbox? sandbox, string name, string verdict) => Add(sandbox, name, verdict, 1, 0, 0);

    /// <summary>Counts bytes of a connection that was counted before.</summary>
    public void CountBytes(RegisteredSandbox sandbox, string name, long sent, long received)
    {
        if (sent != 0 || received != 0) Add(sandbox, name, Verdict.Allowed, 0, sent, received);
    }

    public ConnectionReport[] Take()
    {
        lock (_gate)
        {
            ConnectionReport[] taken = [.. _reports.Values];
            _reports.Clear();
            return taken;
        }
    }

    private void Add(RegisteredSandbox? sandbox, string name, string verdict, long connections, long sent, long received)
    {
        var (id, tenant) = (sandbox?.Access.Sandbox ?? "", sandbox?.Access.Tenant ?? "");
        lock (_gate)
        {
            // Nothing is left uncounted, but names are given up where there are too many.
            if (_reports.Count >= MaxReports && !_reports.ContainsKey((id, name, verdict))) name = "";
            if (_reports.Count >= 2 * MaxReports && !_reports.ContainsKey((id, name, verdict))) (id, tenant) = ("", "");
            var before = _reports.GetValueOrDefault((id, name, verdict)) ?? new ConnectionReport(id, tenant, name, verdict, 0, 0, 0);
            _reports[(id, name, verdict)] = before with
            {
                Connections = before.Connections + connections,
                Sent = before.Sent + sent,
                Received = before.Received + received,
            };
        }
    }
}
