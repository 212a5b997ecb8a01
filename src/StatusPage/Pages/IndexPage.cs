using Podflare.Components;
using Podflare.Incidents;
using Podflare.Snapshots;
using Podflare.Uptime;

namespace Podflare.Pages;

/// <summary>The start page.</summary>
internal static class IndexPage
{
    private const int RecentDays = 7;

    /// <param name="checkedAt">When the newest result of a probe was stored; null if there is none yet.</param>
    public static string Render(Snapshot s, Layout layout, DateTimeOffset? checkedAt) => layout.Page($"{s.Headline} | {layout.Name} status", Html.Of($"""
        <h1 class="sr">{layout.Name} status</h1>
        <div id="summary" class="summary s-{s.Overall.Code}" data-fragment>{PageParts.Icon(s.Overall)}<div><p class="headline" role="status" aria-live="polite">{s.Headline}</p><p class="at">{Checked(checkedAt)}</p></div></div>
        <div id="open" data-fragment>{Open(s)}</div>
        <section aria-labelledby="h-components"><div class="head"><h2 id="h-components">Components</h2><a class="button" href="/subscribe">Get updates</a></div>
        <div id="components" class="card" data-fragment>{Components(s)}</div></section>
        {LatencyPart.Render(s)}
        <section aria-labelledby="h-recent"><div class="head"><h2 id="h-recent">Last {RecentDays} days</h2><a href="/history">All incidents and maintenance</a></div><div id="recent" data-fragment>{Recent(s)}</div></section>
        <div id="uptime" data-fragment><details class="card numbers"><summary>About these numbers</summary>{Uptime(s)}</details></div>
        """), "/", live: true);

    // The script turns the time into "Checked 12 s ago". A copy of the page that a proxy serves later must not say that.
    private static Html Checked(DateTimeOffset? at) => at is { } time
        ? Html.Of($"Checked <span data-ago>{PageParts.Time(time, "yyyy-MM-dd HH:mm:ss 'UTC'")}</span>")
        : Html.Of($"Waiting for the first check");

    private static Html Open(Snapshot s)
    {
        var incidents = s.OpenIncidents.ToArray();
        var maintenances = s.ActiveMaintenances.ToArray();
        var upcoming = s.UpcomingMaintenances.ToArray();
        var parts = Html.Empty;
        if (incidents.Length > 0)
            parts = Html.Of($"<section aria-labelledby=\"h-incidents\"><h2 id=\"h-incidents\">Open incidents</h2>{incidents.Select(i => PageParts.Incident(i, s.Components, 3, linked: true))}</section>");
        if (maintenances.Length > 0)
            parts = Html.Of($"{parts}<section aria-labelledby=\"h-maintenance\"><h2 id=\"h-maintenance\">Maintenance</h2>{maintenances.Select(i => PageParts.Incident(i, s.Components, 3, linked: true))}</section>");
        if (upcoming.Length > 0)
            parts = Html.Of($"{parts}<section aria-label=\"Upcoming maintenance\"><ul class=\"card upcoming\">{upcoming.Select(Upcoming)}</ul></section>");
        return parts;
    }

    private static Html Upcoming(Incident maintenance) => Html.Of($"""
        <li>{PageParts.Icon(ComponentStatus.UnderMaintenance)}<span><span class="sr">Upcoming maintenance: </span><a href="/incidents/{maintenance.Id}">{maintenance.Title}</a></span><span class="when">{PageParts.Time(maintenance.ScheduledFor!.Value)}, {PageParts.FormatDuration((maintenance.ScheduledUntil!.Value - maintenance.ScheduledFor.Value).TotalSeconds)}</span></li>
        """);

    private static Html Components(Snapshot s)
    {
        var top = s.Components.Where(c => c.GroupId is null).Select(c => c.IsGroup
            ? Html.Of($"<section class=\"group\" aria-labelledby=\"g-{c.Id}\"><div class=\"line\"><h3 id=\"g-{c.Id}\">{c.Name}</h3>{PageParts.Status(c.Status)}</div>{s.Components.Where(m => m.GroupId == c.Id).Select(m => ComponentRow(s, m, 4))}</section>")
            : ComponentRow(s, c, 3));
        return Html.Join(top);
    }

    private static Html ComponentRow(Snapshot s, Component c, int level)
    {
        var link = Html.Of($"<a href=\"/components/{c.Id}\">{c.Name}</a>");
        var name = level == 3 ? Html.Of($"<h3>{link}</h3>") : Html.Of($"<h4>{link}</h4>");
        var count = s.Targets.TryGetValue(c.Id, out var targets) && targets.Known > 1 ? $" {targets.Ready} of {targets.Known} ready." : "";
        return Html.Of($"""
            <div class="component"><div class="line">{name}{PageParts.Status(c.Status)}</div><p class="about">{c.Description}{count}</p>{PageParts.Bars(c, s.Histories[c.Id])}</div>
            """);
    }

    private static Html Uptime(Snapshot s) => Html.Of($"""
        <div class="scroll" tabindex="0" role="region" aria-label="Uptime table"><table class="uptime"><caption class="sr">Uptime of each component in the last 90 days, and the durations it is calculated from</caption><thead><tr><th scope="col">Component</th><th scope="col">Uptime</th><th scope="col">Major</th><th scope="col">Partial</th><th scope="col">Degraded</th><th scope="col">Maintenance</th><th scope="col">No data</th><th scope="col">Window</th></tr></thead>
        <tbody>{s.Measured.Select(c => Row(c, s.Histories[c.Id].Figure))}</tbody></table></div>
        <p class="formula"><code>uptime = 1 − (major + {s.Histories.Values.FirstOrDefault()?.Figure.PartialWeight ?? 0} · partial) / (window − maintenance − no data)</code></p>
        <p class="about">The last 90 days, in UTC, to the second. Degraded performance counts as up. Time that was not measured counts as no data, never as uptime. Figures are truncated, not rounded.</p>
        """);

    private static Html Row(Component c, UptimeFigure f) => Html.Of($"""
        <tr><th scope="row">{c.Name}</th><td><strong>{f.Text}</strong></td><td>{PageParts.FormatClock(f.Major)}</td><td>{PageParts.FormatClock(f.Partial)}</td><td>{PageParts.FormatClock(f.Degraded)}</td><td>{PageParts.FormatClock(f.Maintenance)}</td><td>{PageParts.FormatClock(f.NoData)}</td><td>{PageParts.FormatClock(f.Window)}</td></tr>
        """);

    private static Html Recent(Snapshot s)
    {
        var from = s.At.AddDays(-RecentDays);
        var past = s.Incidents.Concat(s.Maintenances).Where(i => i.Stage.IsOver && (i.ResolvedAt ?? i.StartedAt) > from).OrderByDescending(i => i.StartedAt).ToArray();
        return past.Length == 0
            ? Html.Of($"<p class=\"card none\">No {(s.OpenIncidents.Any() ? "other " : "")}incidents in the last {RecentDays} days.</p>")
            : Html.Join(past.Select(i => PageParts.Incident(i, s.Components, 3, linked: true)));
    }
}
