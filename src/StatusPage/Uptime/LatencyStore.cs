using System.Globalization;
using Podflare.Storage;

namespace Podflare.Uptime;

/// <summary>Percentiles of one time step.</summary>
internal sealed record LatencyPoint(DateTimeOffset At, int Count, double P50, double P95);

/// <summary>Aggregates raw latencies into steps of five minutes, one hour and one day. Repeating it gives the same rows.</summary>
internal static class LatencyStore
{
    public static readonly TimeSpan ShortStep = TimeSpan.FromMinutes(5);
    public static readonly TimeSpan HourStep = TimeSpan.FromHours(1);
    public static readonly TimeSpan LongStep = TimeSpan.FromDays(1);

    /// <summary>The series that the charts show, with their names.</summary>
    public static readonly (string Series, string Name)[] Charts =
    [
        ("create", "Create a sandbox"),
        ("first_event", "First event of a run"),
        ("run", "Whole run"),
    ];

    private static readonly string[] AllSeries = ["create", "first_event", "run", "destroy", "replay", "api", "workers"];

    /// <summary>Recomputes the newest steps from the raw latencies and deletes what is too old.</summary>
    public static void RollUp(Sql sql, DateTimeOffset now, int sampleDays, int historyDays)
    {
        var last = sql.First($"SELECT value FROM meta WHERE name = 'rolled_up'", row => row.Text(0));
        var from = last is null ? now.AddDays(-sampleDays) : DateTimeOffset.FromUnixTimeMilliseconds(long.Parse(last, CultureInfo.InvariantCulture));
        // A database of an earlier version has no hours; what its raw latencies cover is added.
        var hours = sql.First($"SELECT at FROM rollup WHERE step = 'hour' LIMIT 1", row => row.Time(0)) == default ? now.AddDays(-sampleDays) : from;
        foreach (var series in AllSeries)
        {
            RollUpSeries(sql, series, "short", Floor(from, ShortStep), now, ShortStep);
            RollUpSeries(sql, series, "hour", Floor(hours, HourStep), now, HourStep);
            RollUpSeries(sql, series, "long", Floor(from, LongStep), now, LongStep);
        }

        sql.Execute($"INSERT INTO meta (name, value) VALUES ('rolled_up', {now.ToUnixTimeMilliseconds()}) ON CONFLICT (name) DO UPDATE SET value = excluded.value");
        var raw = Floor(now, LongStep).AddDays(-sampleDays);
        var old = now.AddDays(-historyDays);
        sql.Execute($"DELETE FROM sample WHERE at < {raw}");
        sql.Execute($"DELETE FROM latency WHERE at < {raw}");
        sql.Execute($"DELETE FROM rollup WHERE at < {old}");
        sql.Execute($"DELETE FROM interval WHERE finish < {old}");
        sql.MarkChanged();
    }

    public static List<LatencyPoint> Points(Sql sql, string series, string step, DateTimeOffset from) => sql.List(
        $"SELECT at, count, p50, p95 FROM rollup WHERE step = {step} AND series = {series} AND at >= {from} ORDER BY at",
        row => new LatencyPoint(row.Time(0), row.Int(1), row.Double(2), row.Double(3)));

    public static DateTimeOffset Floor(DateTimeOffset at, TimeSpan step) => new(at.UtcTicks - at.UtcTicks % step.Ticks, TimeSpan.Zero);

    private static void RollUpSeries(Sql sql, string series, string name, DateTimeOffset from, DateTimeOffset now, TimeSpan step)
    {
        var raw = sql.List($"SELECT at, ms FROM latency WHERE series = {series} AND at >= {from} AND at <= {now}", row => (At: row.Time(0), Ms: row.Double(1)));
        foreach (var bucket in raw.GroupBy(r => Floor(r.At, step)))
        {
            var times = bucket.Select(r => r.Ms).ToArray();
            sql.Execute($"""
                INSERT INTO rollup (step, series, at, count, p50, p95)
                VALUES ({name}, {series}, {bucket.Key}, {times.Length}, {Percentile.NearestRank(times, 0.5)}, {Percentile.NearestRank(times, 0.95)})
                ON CONFLICT (step, series, at) DO UPDATE SET count = excluded.count, p50 = excluded.p50, p95 = excluded.p95
                """);
        }
    }
}
