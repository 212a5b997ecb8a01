using System.Globalization;
using Podflare.Snapshots;
using Podflare.Uptime;

namespace Podflare.Pages;

/// <summary>A latency chart as SVG, with gaps where data is missing, and the same numbers as a table.</summary>
internal static class ChartPart
{
    // The drawing is stretched to the available width; its labels are HTML, so that they keep their size.
    private const double Width = 400, Height = 100, Edge = 2;

    private static readonly double[] Steps = [1, 1.5, 2, 3, 4, 5, 6, 8, 10];

    public static Html Render(LatencyChart chart, DateTimeOffset now) => Html.Of($"""
        <section class="chart" aria-labelledby="chart-{chart.Series}">
        <h3 id="chart-{chart.Series}">{chart.Name}</h3>
        <div class="chart-pair">
        {RenderRange(chart.Series + "-24h", $"{chart.Name}, last 24 hours", "24 hours", chart.Day, LatencyStore.Floor(now, LatencyStore.ShortStep).AddDays(-1), now, LatencyStore.ShortStep, "HH:mm")}
        {RenderRange(chart.Series + "-90d", $"{chart.Name}, last 90 days", "90 days", chart.Quarter, LatencyStore.Floor(now, LatencyStore.LongStep).AddDays(1 - DayBar.Count), now, LatencyStore.LongStep, "yyyy-MM-dd")}
        </div></section>
        """);

    private static Html RenderRange(
        string id, string title, string caption, IReadOnlyList<LatencyPoint> points, DateTimeOffset from, DateTimeOffset to, TimeSpan step, string format)
    {
        if (points.Count == 0) return Html.Of($"<figure><figcaption>{caption}</figcaption><p class=\"plot-empty\">No data yet.</p></figure>");
        var top = RoundUpScale(points.Max(p => p.P95));
        double X(DateTimeOffset at) => Width * Math.Clamp((at + step / 2 - from) / (to - from + step / 2), 0, 1);
        double Y(double ms) => Edge + (Height - 2 * Edge) * (1 - ms / top);
        var (median, high) = (Label(Median(points, p => p.P50)), Label(Median(points, p => p.P95)));
        return Html.Of($"""
            <figure><figcaption>{caption}<span class="typical">{median} <span class="sr">median,</span><span aria-hidden="true">/</span> {high} <span class="sr">95th percentile</span></span></figcaption>
            <div class="plot-box"><div class="scale" aria-hidden="true"><span>{Label(top)}</span><span>{Label(top / 2)}</span><span>0</span></div>
            <svg class="plot" viewBox="0 0 {Width} {Height}" preserveAspectRatio="none" role="img" aria-labelledby="t-{id}"><title id="t-{id}">{title}: median {median}, 95th percentile {high}</title>
            {new[] { 0, top / 2, top }.Select(v => Html.Of($"<path class=\"grid\" d=\"M0 {Y(v):0.#}H{Width}\"/>"))}{Area(points)}{Line("p95", points, p => p.P95)}{Line("p50", points, p => p.P50)}</svg>
            <div class="span" aria-hidden="true"><span>{from.UtcDateTime.ToString(format, CultureInfo.InvariantCulture)}</span><span>now</span></div></div>
            <details><summary>Numbers<span class="sr">: {title}</span></summary><div class="scroll" tabindex="0" role="region" aria-label="{title}, table"><table><caption class="sr">{title}</caption><thead><tr><th scope="col">From (UTC)</th><th scope="col">Samples</th><th scope="col">Median</th><th scope="col">95th percentile</th></tr></thead>
            <tbody>{points.Reverse().Select(p => Html.Of($"<tr><th scope=\"row\">{p.At.UtcDateTime.ToString(step >= LatencyStore.LongStep ? "yyyy-MM-dd" : "yyyy-MM-dd HH:mm", CultureInfo.InvariantCulture)}</th><td>{p.Count}</td><td>{Label(p.P50)}</td><td>{Label(p.P95)}</td></tr>"))}</tbody></table></div></details></figure>
            """);

        // A step without samples interrupts line and area.
        bool Joined(IReadOnlyList<LatencyPoint> all, int i) => i > 0 && all[i].At - all[i - 1].At <= step;

        Html Area(IReadOnlyList<LatencyPoint> all)
        {
            var path = new System.Text.StringBuilder();
            for (var i = 0; i < all.Count; i++)
            {
                var (x, y) = (X(all[i].At), Y(all[i].P95));
                path.Append(CultureInfo.InvariantCulture, $"{(Joined(all, i) ? "L" : $"M{x:0.#} {Y(0):0.#}L")}{x:0.#} {y:0.#}");
                if (i + 1 == all.Count || !Joined(all, i + 1)) path.Append(CultureInfo.InvariantCulture, $"L{x:0.#} {Y(0):0.#}Z");
            }

            return Html.Of($"<path class=\"area\" d=\"{path.ToString()}\"/>");
        }

        Html Line(string name, IReadOnlyList<LatencyPoint> all, Func<LatencyPoint, double> value)
        {
            var path = new System.Text.StringBuilder();
            for (var i = 0; i < all.Count; i++)
            {
                var (x, y) = (X(all[i].At), Y(value(all[i])));
                path.Append(CultureInfo.InvariantCulture, $"{(Joined(all, i) ? 'L' : 'M')}{x:0.#} {y:0.#}");
                // A single step is drawn as a dot: a line of almost no length with round ends.
                if (!Joined(all, i) && (i + 1 == all.Count || !Joined(all, i + 1))) path.Append("h.01");
            }

            return Html.Of($"<path class=\"{name}\" d=\"{path.ToString()}\"/>");
        }
    }

    private static double Median(IReadOnlyList<LatencyPoint> points, Func<LatencyPoint, double> value) =>
        Percentile.NearestRank(points.Select(value), 0.5);

    private static double RoundUpScale(double max)
    {
        var unit = Math.Pow(10, Math.Floor(Math.Log10(Math.Max(max, 1))));
        return Steps.First(step => max <= step * unit) * unit;
    }

    private static string Label(double ms) => ms >= 1000
        ? string.Create(CultureInfo.InvariantCulture, $"{ms / 1000:0.##} s")
        : ms >= 100 ? string.Create(CultureInfo.InvariantCulture, $"{ms:0} ms") : string.Create(CultureInfo.InvariantCulture, $"{ms:0.#} ms");
}
