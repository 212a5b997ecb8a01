using System.Globalization;
using Podflare.Incidents;
using Podflare.Snapshots;

namespace Podflare.Pages;

/// <summary>Past and present incidents and maintenance, by month.</summary>
internal static class HistoryPage
{
    private const int PerPage = 25;

    public static string Render(Snapshot s, Layout layout, int page)
    {
        var all = s.Incidents.Concat(s.Maintenances).OrderByDescending(i => i.StartedAt).ThenBy(i => i.Id, StringComparer.Ordinal).ToArray();
        var pages = Math.Max(1, (all.Length + PerPage - 1) / PerPage);
        page = Math.Clamp(page, 1, pages);
        var months = all.Skip((page - 1) * PerPage).Take(PerPage).GroupBy(i => i.StartedAt.UtcDateTime.ToString("yyyy-MM", CultureInfo.InvariantCulture));
        var body = all.Length == 0
            ? Html.Of($"<p class=\"card none\">There have been no incidents and no maintenance yet.</p>")
            : Html.Join(months.Select(m => Html.Of($"""
                <section aria-labelledby="m-{m.Key}"><h2 id="m-{m.Key}">{m.First().StartedAt.UtcDateTime.ToString("MMMM yyyy", CultureInfo.InvariantCulture)}</h2>{m.Select(i => PageParts.Incident(i, s.Components, 3, linked: true))}</section>
                """)));
        return layout.Page($"History | {layout.Name} status", Html.Of($"""
            <h1>History</h1><div id="history" data-fragment>{body}</div>
            <nav class="pages" aria-label="Pages"><ul>{(page > 1 ? Html.Of($"<li><a href=\"/history?page={page - 1}\" rel=\"prev\">Newer</a></li>") : Html.Empty)}<li>Page {page} of {pages}</li>{(page < pages ? Html.Of($"<li><a href=\"/history?page={page + 1}\" rel=\"next\">Older</a></li>") : Html.Empty)}</ul></nav>
            """), "/history", live: true);
    }

    public static string RenderIncident(Snapshot s, Layout layout, Incident incident) => layout.Page($"{incident.Title} | {layout.Name} status", Html.Of($"""
        <p class="crumbs"><a href="/history">History</a></p>
        <div id="incident" data-fragment>{PageParts.Incident(incident, s.Components, 1, linked: false)}</div>
        """), live: true);
}
