using System.Globalization;
using System.Text;
using Podflare.Components;
using Podflare.Probes;
using Podflare.Snapshots;
using Podflare.Storage;

namespace Podflare.Feeds;

/// <summary>The Prometheus text format. Labels are components, statuses, outcomes and series: fixed sets.</summary>
internal sealed class MetricsText(SnapshotStore snapshots, ProbeScheduler schedule, Database database, EventStreamLimiter readers)
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

        Family("podflare_status_probe_samples_total", "counter", "Samples since the start.");
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
        Family("podflare_status_deliveries_pending", "gauge", "Mails and webhook calls that wait.");
        Line("podflare_status_deliveries_pending", database.Read(sql => sql.Number($"SELECT COUNT(*) FROM delivery WHERE state = 'pending'")));
        Family("podflare_status_event_readers", "gauge", "Open connections to /events.");
        Line("podflare_status_event_readers", readers.Count);
        Family("podflare_status_write_failures_total", "counter", "Transactions that were not written.");
        Line("podflare_status_write_failures_total", database.Failures);
        return text.ToString();

        void Family(string name, string type, string help) => text.Append(CultureInfo.InvariantCulture, $"# HELP {name} {help}\n# TYPE {name} {type}\n");

        void Line(string series, double value) => text.Append(CultureInfo.InvariantCulture, $"{series} {value}\n");
    }
}
