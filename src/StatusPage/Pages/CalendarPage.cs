using System.Globalization;
using Podflare.Components;
using Podflare.Incidents;
using Podflare.Snapshots;
using Podflare.Uptime;

namespace Podflare.Pages;

/// <summary>The last 90 days of one component as a calendar, and what happened in them.</summary>
internal static class CalendarPage
{
    private const int DaysPerWeek = 7;

    // In the order of columns.
    private static readonly (string Short, string Long)[] Weekdays =
        [("M", "Monday"), ("T", "Tuesday"), ("W", "Wednesday"), ("T", "Thursday"), ("F", "Friday"), ("S", "Saturday"), ("S", "Sunday")];

    public static string Render(Snapshot s, Layout layout, Component component)
    {
        var history = s.Histories[component.Id];
        var months = history.Days.GroupBy(day => new DateOnly(day.Day.Year, day.Day.Month, 1)).OrderByDescending(month => month.Key);
        return layout.Page($"{component.Name} | {layout.Name} status", Html.Of($"""
            <p class="crumbs"><a href="/">Status</a></p>
            <div id="component" data-fragment><div class="line title"><h1>{component.Name}</h1>{PageParts.Status(component.Status)}</div>
            <p class="about">{component.Description} {PageParts.Describe(history.Figure)} in the last {DayBar.Count} days.</p>
            <div class="months">{months.Select(Month)}</div></div>
            <section aria-labelledby="h-past"><h2 id="h-past">Incidents and maintenance</h2><div id="past" data-fragment>{Past(s, component)}</div></section>
            """), live: true);
    }

    private static Html Month(IGrouping<DateOnly, DayBar> month)
    {
        var days = month.ToDictionary(day => day.Day);
        // Monday is the first day of a week.
        var start = month.Key.AddDays(-(((int)month.Key.DayOfWeek + DaysPerWeek - 1) % DaysPerWeek));
        var weeks = Enumerable.Range(0, (month.Key.AddMonths(1).DayNumber - start.DayNumber + DaysPerWeek - 1) / DaysPerWeek);
        var name = month.Key.ToString("MMMM yyyy", CultureInfo.InvariantCulture);
        return Html.Of($"""
            <table class="month card"><caption><span>{name}</span><span class="when">{UptimeFigure.Sum(month.Select(day => day.Figure)).Text}</span></caption>
            <thead><tr>{Weekdays.Select(day => Html.Of($"<th scope=\"col\"><abbr title=\"{day.Long}\">{day.Short}</abbr></th>"))}</tr></thead>
            <tbody>{weeks.Select(week => Html.Of($"<tr>{Enumerable.Range(0, DaysPerWeek).Select(column => Day(start.AddDays(week * DaysPerWeek + column)))}</tr>"))}</tbody></table>
            """);

        Html Day(DateOnly date)
        {
            if (date.Month != month.Key.Month) return Html.Of($"<td></td>");
            return days.TryGetValue(date, out var day)
                ? Html.Of($"<td><span class=\"date s-{day.Worst.Code}\" title=\"{PageParts.Describe(day)}\"><span aria-hidden=\"true\">{date.Day}</span><span class=\"sr\">{PageParts.Describe(day)}</span></span></td>")
                : Html.Of($"<td><span class=\"date outside\">{date.Day}</span></td>");
        }
    }

    private static Html Past(Snapshot s, Component component)
    {
        var from = s.At.AddDays(-DayBar.Count);
        var past = s.Incidents.Concat(s.Maintenances)
            .Where(incident => incident.ReportedStatuses.ContainsKey(component.Id) && (incident.ResolvedAt ?? s.At) > from)
            .OrderByDescending(incident => incident.StartedAt).ToArray();
        return past.Length == 0
            ? Html.Of($"<p class=\"card none\">None in the last {DayBar.Count} days.</p>")
            : Html.Join(past.Select(incident => PageParts.Incident(incident, s.Components, 3, linked: true)));
    }
}
