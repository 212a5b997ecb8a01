using System.Globalization;
using Podflare.Uptime;

namespace Podflare.Pages;

/// <summary>A latency chart: lines made here, gaps left open, and the same numbers as a table.</summary>
internal static class ChartPart
{
    private const double Width = 420, Height = 150, Left = 64, Bottom = 22, Top = 10;

    public static Html Of(LatencyChart chart, DateTimeOffset now) => Html.Of($"""
        <section class="chart" aria-labelledby="chart-{chart.Series}">
        <h3 id="chart-{chart.Series}">{chart.Name}</h3>
        <div class="chart-pair">
        {Half(chart.Series + "-24h", $"{chart.Name}, last 24 hours", "Last 24 hours", chart.Day, LatencyStore.Floor(now, LatencyStore.ShortStep).AddDays(-1), now, LatencyStore.ShortStep, "HH:mm")}
        {Half(chart.Series + "-90d", $"{chart.Name}, last 90 days", "Last 90 days", chart.Quarter, LatencyStore.Floor(now, LatencyStore.LongStep).AddDays(1 - DayBar.Count), now, LatencyStore.LongStep, "yyyy-MM-dd")}
        </div></section>
        """);

    private static Html Half(
        string id, string title, string caption, IReadOnlyList<LatencyPoint> points, DateTimeOffset from, DateTimeOffset to, TimeSpan step, string format)
    {
        if (points.Count == 0) return Html.Of($"<figure><figcaption>{caption}</figcaption><p class=\"empty\">No data yet.</p></figure>");
        var top = NiceTop(points.Max(p => p.P95));
        double X(DateTimeOffset at) => Left + (Width - Left - 8) * Math.Clamp((at + step / 2 - from) / (to - from + step / 2), 0, 1);
        double Y(double ms) => Top + (Height - Top - Bottom) * (1 - ms / top);
        var grid = new[] { 0, top / 2, top }.Select(v => Html.Of($"""
            <line class="grid" x1="{Left}" x2="{Width - 8}" y1="{Y(v):0.#}" y2="{Y(v):0.#}"/><text x="{Left - 6}" y="{Y(v) + 4:0.#}" text-anchor="end">{Label(v)}</text>
            """));
        return Html.Of($"""
            <figure><figcaption>{caption}</figcaption>
            <svg class="plot" viewBox="0 0 {Width} {Height}" role="img" aria-labelledby="t-{id}"><title id="t-{id}">{title}: median {Label(Typical(points, p => p.P50))}, 95th percentile {Label(Typical(points, p => p.P95))}</title>
            {grid}<text x="{Left}" y="{Height - 5}">{from.UtcDateTime.ToString(format, CultureInfo.InvariantCulture)}</text><text x="{Width - 8}" y="{Height - 5}" text-anchor="end">{to.UtcDateTime.ToString(format, CultureInfo.InvariantCulture)}</text>
            {Line("p95", points, p => p.P95)}{Line("p50", points, p => p.P50)}</svg>
            <p class="key"><span class="k50">median</span> <span class="k95">95th percentile</span></p>
            <details><summary>{title}: numbers</summary><div class="scroll" tabindex="0" role="region" aria-label="{title}, table"><table><caption class="sr">{title}</caption><thead><tr><th scope="col">From (UTC)</th><th scope="col">Samples</th><th scope="col">Median</th><th scope="col">95th percentile</th></tr></thead>
            <tbody>{points.Reverse().Select(p => Html.Of($"<tr><th scope=\"row\">{p.At.UtcDateTime.ToString(step >= LatencyStore.LongStep ? "yyyy-MM-dd" : "yyyy-MM-dd HH:mm", CultureInfo.InvariantCulture)}</th><td>{p.Count}</td><td>{Label(p.P50)}</td><td>{Label(p.P95)}</td></tr>"))}</tbody></table></div></details></figure>
            """);

        Html Line(string name, IReadOnlyList<LatencyPoint> all, Func<LatencyPoint, double> value)
        {
            var path = new System.Text.StringBuilder();
            var dots = new List<Html>();
            for (var i = 0; i < all.Count; i++)
            {
                var (x, y) = (X(all[i].At), Y(value(all[i])));
                // A step without samples leaves the line open.
                var joined = i > 0 && all[i].At - all[i - 1].At <= step;
                var lonely = !joined && (i + 1 == all.Count || all[i + 1].At - all[i].At > step);
                path.Append(CultureInfo.InvariantCulture, $"{(joined ? 'L' : 'M')}{x:0.#} {y:0.#}");
                if (lonely) dots.Add(Html.Of($"<circle class=\"{name}\" cx=\"{x:0.#}\" cy=\"{y:0.#}\" r=\"2.5\"/>"));
            }

            return Html.Of($"<path class=\"{name}\" d=\"{path.ToString()}\"/>{dots}");
        }
    }

    private static double Typical(IReadOnlyList<LatencyPoint> points, Func<LatencyPoint, double> value) =>
        Podflare.Probes.HealthRules.Percentile(points.Select(value), 0.5);

    private static double NiceTop(double max)
    {
        var step = Math.Pow(10, Math.Floor(Math.Log10(Math.Max(max, 1))));
        return max <= step ? step : max <= 2 * step ? 2 * step : max <= 5 * step ? 5 * step : 10 * step;
    }

    private static string Label(double ms) => ms >= 1000
        ? string.Create(CultureInfo.InvariantCulture, $"{ms / 1000:0.##} s")
        : string.Create(CultureInfo.InvariantCulture, $"{ms:0.#} ms");
}
