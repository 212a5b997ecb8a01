using System.Globalization;
using System.Text;
using Podflare.Background;
using Podflare.Components;
using Podflare.Probes;
using Podflare.Snapshots;
using Podflare.Storage;

namespace Podflare.Feeds;

/// <summary>Metrics in the Prometheus text format. All label values come from fixed sets.</summary>
internal sealed class MetricsText(SnapshotStore snapshots, ProbeScheduler schedule, Database database, Supervisor supervisor, EventStreamLimiter readers)
{
    public string Render()
    {
        var text = new StringBuilder();
        var s = snapshots.Current;
        Family("podflare_status_component", "gauge", "1 for the status that a component has.");
        foreach (var c in s.Measured)
        {
            foreach (var status in Enum.GetValues<ComponentStatus>())
                Line($"podflare_status_component{{component=\"{c.Id}\",status=\"{status.Code}\"}}", c.Status == status ? 1 : 0);
        }

        Family("podflare_status_uptime_ratio", "gauge", "Share of the measured time of the last 90 days that was up.");
        foreach (var c in s.Measured)
        {
            if (s.Histories[c.Id].Figure.Share is { } share) Line($"podflare_status_uptime_ratio{{component=\"{c.Id}\"}}", share);
        }

        Family("podflare_status_probe_samples_total", "counter", "Probe samples since the process started.");
        foreach (var ((component, outcome), n) in schedule.SampleCounts.OrderBy(t => t.Key))
            Line($"podflare_status_probe_samples_total{{component=\"{component}\",outcome=\"{outcome.ToString().ToLowerInvariant()}\"}}", n);
        Family("podflare_status_latency_seconds", "gauge", "Median and 95th percentile of the newest five minutes.");
        foreach (var chart in s.Charts.Where(c => c.Day.Count > 0))
        {
            Line($"podflare_status_latency_seconds{{series=\"{chart.Series}\",quantile=\"0.5\"}}", chart.Day[^1].P50 / 1000);
            Line($"podflare_status_latency_seconds{{series=\"{chart.Series}\",quantile=\"0.95\"}}", chart.Day[^1].P95 / 1000);
        }

        Family("podflare_status_open_incidents", "gauge", "Incidents that are not resolved.");
        Line("podflare_status_open_incidents", s.OpenIncidents.Count());
        Family("podflare_status_deliveries_pending", "gauge", "Mails and webhook calls that are waiting.");
        Line("podflare_status_deliveries_pending", database.Read(sql => sql.Number($"SELECT COUNT(*) FROM delivery WHERE state = 'pending'")));
        Family("podflare_status_event_readers", "gauge", "Open connections to /events.");
        Line("podflare_status_event_readers", readers.Count);
        Family("podflare_status_write_failures_total", "counter", "Transactions that could not be written.");
        Line("podflare_status_write_failures_total", database.Failures);
        Family("podflare_status_storage_writable", "gauge", "0 from a transaction that could not be written until the next one that could.");
        Line("podflare_status_storage_writable", database.IsWritable ? 1 : 0);
        Family("podflare_status_commit_handler_failures_total", "counter", "Handlers that failed after a transaction was stored.");
        Line("podflare_status_commit_handler_failures_total", database.HandlerFailures);
        Family("podflare_status_background_failures_total", "counter", "Failures of background tasks, which are retried.");
        foreach (var (task, n) in supervisor.Failures.OrderBy(f => f.Key, StringComparer.Ordinal)) Line($"podflare_status_background_failures_total{{task=\"{task}\"}}", n);
        return text.ToString();

        void Family(string name, string type, string help) => text.Append(CultureInfo.InvariantCulture, $"# HELP {name} {help}\n# TYPE {name} {type}\n");

        void Line(string series, double value) => text.Append(CultureInfo.InvariantCulture, $"{series} {value}\n");
    }
}
