using System.Globalization;
using Podflare.Snapshots;
using Podflare.Uptime;

namespace Podflare.Pages;

/// <summary>The latencies: a sparkline for each operation, with gaps where data is missing, and the same numbers as a table. The period is chosen without a script.</summary>
internal static class LatencyPart
{
    // The drawing is stretched to the available width.
    private const double Width = 300, Height = 44, Edge = 2;

    private static readonly Period[] Periods =
    [
        new("24h", "24 h", "Last 24 hours", "24 h ago", TimeSpan.FromDays(1), LatencyStore.ShortStep, "yyyy-MM-dd HH:mm", chart => chart.Day),
        new("7d", "7 d", "Last 7 days", "7 days ago", TimeSpan.FromDays(7), LatencyStore.HourStep, "yyyy-MM-dd HH:mm", chart => chart.Week),
        new("90d", "90 d", "Last 90 days", "90 days ago", TimeSpan.FromDays(DayBar.Count - 1), LatencyStore.LongStep, "yyyy-MM-dd", chart => chart.Quarter),
    ];

    // The choice is outside of the part that is replaced when something changes, so that it is kept.
    public static Html Render(Snapshot s) => Html.Of($"""
        <section class="latency" aria-labelledby="h-latency"><h2 id="h-latency" class="sr">Latency</h2><div class="card">
        <div class="cardhead"><p class="title" aria-hidden="true">Latency</p><fieldset class="segments"><legend class="sr">Period</legend>{Periods.Select((p, i) => Html.Of($"<input class=\"sr\" type=\"radio\" name=\"period\" id=\"p-{p.Id}\"{(i == 0 ? Html.Of($" checked") : Html.Empty)}><label for=\"p-{p.Id}\">{p.Label}<span class=\"sr\">, {p.Title}</span></label>"))}</fieldset></div>
        <div id="latency" data-fragment>{Periods.Select(p => RenderPeriod(s, p))}</div></div></section>
        """);

    private static Html RenderPeriod(Snapshot s, Period period) => s.Charts.All(chart => period.Points(chart).Count == 0)
        ? Html.Of($"<div class=\"period p-{period.Id}\"><p class=\"none\">Collecting data. The first figures appear within five minutes.</p></div>")
        : Html.Of($"""
            <div class="period p-{period.Id}"><div class="sparks">{s.Charts.Select(chart => RenderChart(chart, period, s.At))}</div>
            <details><summary>All figures<span class="sr">: {period.Title}</span></summary>{s.Charts.Select(chart => RenderTable(chart, period))}</details></div>
            """);

    private static Html RenderChart(LatencyChart chart, Period period, DateTimeOffset now)
    {
        var points = period.Points(chart);
        if (points.Count == 0) return Html.Of($"<figure><figcaption>{chart.Name}</figcaption><p class=\"muted\">Collecting data</p></figure>");
        var from = LatencyStore.Floor(now, period.Step) - period.Length;
        var top = Math.Max(1, points.Max(point => point.P95));
        var (median, high) = (Label(Median(points, point => point.P50)), Label(Median(points, point => point.P95)));
        var title = $"{chart.Name}, {period.Title.ToLowerInvariant()}: median {median}, 95th percentile {high}";
        return Html.Of($"""
            <figure><figcaption>{chart.Name}</figcaption><p class="figure">{median} <small>median</small> <small class="p95">{high} <abbr title="95th percentile">p95</abbr></small></p>
            <svg class="spark" viewBox="0 0 {Width} {Height}" preserveAspectRatio="none" role="img" aria-label="{title}"><path class="area" d="{Area()}"/><path class="line" d="{Line()}"/></svg>
            <p class="span" aria-hidden="true"><span>{period.Start}</span><span>now</span></p></figure>
            """);

        double X(DateTimeOffset at) => Width * Math.Clamp((at + period.Step / 2 - from) / (now - from + period.Step / 2), 0, 1);
        double Y(double ms) => Edge + (Height - 2 * Edge) * (1 - ms / top);
        // A step without samples interrupts line and area.
        bool IsJoined(int i) => i > 0 && i < points.Count && points[i].At - points[i - 1].At <= period.Step;

        string Area()
        {
            var path = new System.Text.StringBuilder();
            for (var i = 0; i < points.Count; i++)
            {
                var x = X(points[i].At);
                if (!IsJoined(i)) path.Append(CultureInfo.InvariantCulture, $"M{x:0.#} {Height}");
                path.Append(CultureInfo.InvariantCulture, $"L{x:0.#} {Y(points[i].P95):0.#}");
                if (!IsJoined(i + 1)) path.Append(CultureInfo.InvariantCulture, $"L{x:0.#} {Height}Z");
            }

            return path.ToString();
        }

        string Line()
        {
            var path = new System.Text.StringBuilder();
            for (var i = 0; i < points.Count; i++)
            {
                path.Append(CultureInfo.InvariantCulture, $"{(IsJoined(i) ? 'L' : 'M')}{X(points[i].At):0.#} {Y(points[i].P50):0.#}");
                // A single step is drawn as a dot: a line of almost no length with round ends.
                if (!IsJoined(i) && !IsJoined(i + 1)) path.Append("h.01");
            }

            return path.ToString();
        }
    }

    private static Html RenderTable(LatencyChart chart, Period period) => Html.Of($"""
        <h3>{chart.Name}</h3><div class="scroll" tabindex="0" role="region" aria-label="{chart.Name}, {period.Title.ToLowerInvariant()}, table"><table><caption class="sr">{chart.Name}, {period.Title.ToLowerInvariant()}</caption><thead><tr><th scope="col">From (UTC)</th><th scope="col">Samples</th><th scope="col">Median</th><th scope="col">95th percentile</th></tr></thead>
        <tbody>{period.Points(chart).Reverse().Select(point => Html.Of($"<tr><th scope=\"row\">{point.At.UtcDateTime.ToString(period.Format, CultureInfo.InvariantCulture)}</th><td>{point.Count}</td><td>{Label(point.P50)}</td><td>{Label(point.P95)}</td></tr>"))}</tbody></table></div>
        """);

    private static double Median(IReadOnlyList<LatencyPoint> points, Func<LatencyPoint, double> value) => Percentile.NearestRank(points.Select(value), 0.5);

    private static string Label(double ms) => ms >= 1000
        ? string.Create(CultureInfo.InvariantCulture, $"{ms / 1000:0.##} s")
        : ms >= 100 ? string.Create(CultureInfo.InvariantCulture, $"{ms:0} ms") : string.Create(CultureInfo.InvariantCulture, $"{ms:0.#} ms");

    /// <param name="Step">The time between two points.</param>
    private sealed record Period(
        string Id, string Label, string Title, string Start, TimeSpan Length, TimeSpan Step, string Format, Func<LatencyChart, IReadOnlyList<LatencyPoint>> Points);
}
