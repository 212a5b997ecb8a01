using Podflare.Components;
using Podflare.Incidents;
using Podflare.Serialization;
using Podflare.Snapshots;
using Podflare.Uptime;

namespace Podflare.Pages;

/// <summary>HTML parts that several pages share.</summary>
internal static class PageParts
{
    // A narrow screen has room for this many bars; the style sheet hides the older ones.
    private const int NarrowDays = 30;

    private const double MaxUnmentionedNoData = 0.1;

    /// <summary>An icon for a status. Each status has its own shape, so that color is never the only difference.</summary>
    public static Html Icon(ComponentStatus status) => Html.Of($"<svg class=\"icon s-{status.Code}\" viewBox=\"0 0 20 20\" aria-hidden=\"true\" focusable=\"false\">{Shape(status)}</svg>");

    public static Html Status(ComponentStatus status) => Html.Of($"<span class=\"status s-{status.Code}\">{Icon(status)}<span>{status.Label}</span></span>");

    public static Html Time(DateTimeOffset at, string format = "yyyy-MM-dd HH:mm 'UTC'") =>
        Html.Of($"<time datetime=\"{StatusJson.Iso(at)}\">{at.UtcDateTime.ToString(format, System.Globalization.CultureInfo.InvariantCulture)}</time>");

    public static Html Bars(Component component, ComponentHistory history)
    {
        var recent = UptimeFigure.Sum(history.Days.TakeLast(NarrowDays).Select(d => d.Figure));
        var bars = history.Days.Select((day, i) => Html.Of($"""
            <li class="bar s-{day.Worst.Code}{(i < DayBar.Count - NarrowDays ? " old" : "")}"><span class="day">{Describe(day)}</span></li>
            """));
        return Html.Of($"""
            <ol class="bars" tabindex="0" aria-label="{component.Name}: status of each of the last {DayBar.Count} days">{bars}</ol>
            <div class="bars-legend"><span class="wide">{DayBar.Count} days ago</span><span class="narrow">{NarrowDays} days ago</span><span class="wide">{Describe(history.Figure)}</span><span class="narrow">{Describe(recent)}</span><span>Today</span></div>
            """);
    }

    /// <summary>Formats a figure, and adds the measured time if a notable part of the window has no data: 100 % of two hours is not 100 % of 90 days.</summary>
    public static string Describe(UptimeFigure figure)
    {
        if (figure.Share is null) return figure.Text;
        var isPartial = figure.NoData > figure.Window * MaxUnmentionedNoData;
        return $"{figure.Text} uptime{(isPartial ? $", measured for {FormatCoarse(figure.Measured)}" : "")}";
    }

    // One unit is precise enough here; the table on the page has the seconds.
    private static string FormatCoarse(double seconds) => seconds switch
    {
        >= 86400 => FormattableString.Invariant($"{Math.Floor(seconds / 86400)} d"),
        >= 3600 => FormattableString.Invariant($"{Math.Floor(seconds / 3600)} h"),
        >= 60 => FormattableString.Invariant($"{Math.Floor(seconds / 60)} min"),
        _ => FormatDuration(seconds),
    };

    public static string Describe(DayBar day)
    {
        var text = $"{day.Day:yyyy-MM-dd}: {day.Worst.Label}";
        var figure = day.Figure;
        if (figure.Share is null) return text;
        if (figure.Major > 0) text += $", {FormatDuration(figure.Major)} major outage";
        if (figure.Partial > 0) text += $", {FormatDuration(figure.Partial)} partial outage";
        if (figure.Degraded > 0) text += $", {FormatDuration(figure.Degraded)} degraded";
        if (figure.Maintenance > 0) text += $", {FormatDuration(figure.Maintenance)} maintenance";
        if (figure.NoData > 60) text += $", {FormatDuration(figure.NoData)} without data";
        return text + $", {figure.Text} uptime";
    }

    /// <summary>Formats a duration in words, to the second: <c>1 h 35 min 32 s</c>.</summary>
    public static string FormatDuration(double seconds)
    {
        if (seconds is > 0 and < 1) return "under 1 s";
        var time = TimeSpan.FromSeconds(Math.Floor(seconds));
        var parts = new[] { ((int)time.TotalDays, "d"), (time.Hours, "h"), (time.Minutes, "min"), (time.Seconds, "s") }.Where(p => p.Item1 > 0).Select(p => FormattableString.Invariant($"{p.Item1} {p.Item2}"));
        return time == TimeSpan.Zero ? "0 s" : string.Join(' ', parts);
    }

    /// <summary>Formats a duration for a table column: <c>19 d 11:45:04</c>.</summary>
    public static string FormatClock(double seconds)
    {
        var time = TimeSpan.FromSeconds(Math.Floor(seconds));
        return time == TimeSpan.Zero ? "0" : (time.Days > 0 ? FormattableString.Invariant($"{time.Days} d ") : "") + time.ToString(@"hh\:mm\:ss", System.Globalization.CultureInfo.InvariantCulture);
    }

    public static Html Incident(Incident incident, IReadOnlyList<Component> components, int level, bool linked)
    {
        var affected = components.Where(c => incident.ReportedStatuses.ContainsKey(c.Id)).Select(c => c.Name).ToArray();
        var updates = incident.Updates.Where(u => !u.Private).Select(Update);
        var title = linked ? Html.Of($"<a href=\"/incidents/{incident.Id}\">{incident.Title}</a>") : Html.Of($"{incident.Title}");
        return Html.Of($"""
            <article class="incident s-{DisplayStatus(incident).Code}{(incident.Stage.IsOver ? " over" : "")}">
            <header class="incident-head">{Icon(DisplayStatus(incident))}<div>{(level == 1 ? Html.Of($"<h1>{title}</h1>") : Html.Of($"<h3>{title}</h3>"))}<p class="when">{TimeRange(incident)}{ImpactText(incident)}</p></div></header>
            <div class="incident-body">{(affected.Length > 0 ? Html.Of($"<p class=\"affects\">{(incident.Stage.IsOver ? "Affected" : "Affects")}: {string.Join(", ", affected)}</p>") : Html.Empty)}
            <ol class="updates">{updates}</ol></div>
            </article>
            """);
    }

    private static Html TimeRange(Incident incident)
    {
        if (incident.Stage == Stage.Scheduled || incident.IsCancelled)
            return Html.Of($"{(incident.IsCancelled ? "Cancelled. " : "")}Planned: {Period(incident.ScheduledFor!.Value, incident.ScheduledUntil!.Value)}");
        if (incident.ResolvedAt is { } resolved) return Period(incident.StartedAt, resolved);
        var until = incident.ScheduledUntil is { } planned ? Html.Of($", planned until {Time(planned)}") : Html.Empty;
        return Html.Of($"Since {Time(incident.StartedAt)}{until}");

        static Html Period(DateTimeOffset from, DateTimeOffset to) => Html.Of($"{Time(from)} to {Time(to)}, {FormatDuration((to - from).TotalSeconds)}");
    }

    private static Html ImpactText(Incident incident) => incident.Kind == IncidentKind.Maintenance || incident.Impact == Impact.None
        ? Html.Empty
        : Html.Of($"<span class=\"impact\">{incident.Impact} impact</span>");

    private static ComponentStatus DisplayStatus(Incident incident) => incident switch
    {
        { Kind: IncidentKind.Maintenance } => ComponentStatus.UnderMaintenance,
        { Stage.IsOver: true } => ComponentStatus.Operational,
        { Impact: Impact.Critical } => ComponentStatus.MajorOutage,
        { Impact: Impact.Major } => ComponentStatus.PartialOutage,
        { Impact: Impact.Minor } => ComponentStatus.DegradedPerformance,
        _ => ComponentStatus.NoData,
    };

    private static Html Update(IncidentUpdate update) => Html.Of($"""
        <li><div class="stage">{update.Stage.Label}</div><div class="text">{Html.Paragraphs(update.Body)}<p class="at">{Time(update.DisplayAt)}{(update.UpdatedAt > update.CreatedAt ? Html.Of($", edited {Time(update.UpdatedAt)}") : Html.Empty)}</p></div></li>
        """);

    private static Html Shape(ComponentStatus status) => new(status switch
    {
        ComponentStatus.Operational => "<circle cx=\"10\" cy=\"10\" r=\"9\"/><path class=\"mark\" d=\"M5.5 10.5l3 3 6-6.5\"/>",
        ComponentStatus.DegradedPerformance => "<path d=\"M10 1.5 19.2 18H.8z\"/><path class=\"mark\" d=\"M10 7v5.5M10 15v.6\"/>",
        ComponentStatus.PartialOutage => "<path d=\"M10 .8 19.2 10 10 19.2.8 10z\"/><path class=\"mark\" d=\"M10 5.5v5.5M10 14v.6\"/>",
        ComponentStatus.MajorOutage => "<path d=\"M6 1h8l5 5v8l-5 5H6l-5-5V6z\"/><path class=\"mark\" d=\"M6.5 6.5l7 7M13.5 6.5l-7 7\"/>",
        ComponentStatus.UnderMaintenance => "<rect x=\"1\" y=\"1\" width=\"18\" height=\"18\" rx=\"4\"/><path class=\"mark\" d=\"M7 5.5v9M13 5.5v9\"/>",
        _ => "<circle cx=\"10\" cy=\"10\" r=\"8\" class=\"hollow\"/><path class=\"mark hollow-mark\" d=\"M6 10h8\"/>",
    });
}
