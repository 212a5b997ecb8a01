using Podflare.Components;
using Podflare.Incidents;
using Podflare.Uptime;

namespace Podflare.Snapshots;

/// <summary>All that pages, feeds and JSON read, as of one change of the file: reading goes on while the disk is full.</summary>
/// <param name="Change">Grows with each change, over restarts too.</param>
internal sealed record Snapshot(
    long Change,
    DateTimeOffset At,
    IReadOnlyList<Component> Components,
    IReadOnlyDictionary<string, ComponentHistory> Histories,
    IReadOnlyList<Incident> Incidents,
    IReadOnlyList<Incident> Maintenances,
    IReadOnlyList<LatencyChart> Charts,
    IReadOnlyDictionary<string, (int Ready, int Known)> Targets)
{
    public IEnumerable<Component> Measured => Components.Where(c => !c.IsGroup);

    public IEnumerable<Incident> OpenIncidents => Incidents.Where(i => !i.Stage.IsOver);

    public IEnumerable<Incident> ActiveMaintenances => Maintenances.Where(m => m.Stage is Stage.InProgress or Stage.Verifying);

    public IEnumerable<Incident> UpcomingMaintenances => Maintenances.Where(m => m.Stage == Stage.Scheduled).OrderBy(m => m.ScheduledFor);

    /// <summary>The worst of all components and open incidents; maintenance and no data are none.</summary>
    public Impact Indicator => Measured.Select(c => c.Status.Impact)
        .Concat(OpenIncidents.Where(i => i.Stage != Stage.Monitoring).Select(i => i.Impact)).DefaultIfEmpty(Impact.None).Max();

    public string Headline => Indicator switch
    {
        Impact.Critical => "Major outage",
        Impact.Major => "Partial outage",
        Impact.Minor => "Degraded performance",
        _ when ActiveMaintenances.Any() || Measured.Any(c => c.Status == ComponentStatus.UnderMaintenance) => "Maintenance is in progress",
        _ when Measured.Any(c => c.Status == ComponentStatus.NoData) => Measured.All(c => c.Status == ComponentStatus.NoData) ? "No current data" : "Partly no current data",
        _ => "All systems operational",
    };

    /// <summary>The headline as a status, for icon and colour.</summary>
    public ComponentStatus Overall => Indicator switch
    {
        Impact.Critical => ComponentStatus.MajorOutage,
        Impact.Major => ComponentStatus.PartialOutage,
        Impact.Minor => ComponentStatus.DegradedPerformance,
        _ when Headline.StartsWith("Maintenance", StringComparison.Ordinal) => ComponentStatus.UnderMaintenance,
        _ when Headline.StartsWith("All", StringComparison.Ordinal) => ComponentStatus.Operational,
        _ => ComponentStatus.NoData,
    };
}

/// <summary>The last 90 days of a component.</summary>
internal sealed record ComponentHistory(IReadOnlyList<DayBar> Days, UptimeFigure Figure, IReadOnlyList<StatusSpan> Line);

internal sealed record LatencyChart(string Series, string Name, IReadOnlyList<LatencyPoint> Day, IReadOnlyList<LatencyPoint> Quarter);
