using Podflare.Components;
using Podflare.Incidents;
using Podflare.Uptime;

namespace Podflare.Snapshots;

/// <summary>Everything that pages, feeds and JSON show, as of one change of the database. It is held in memory, so that reading works while the disk is full.</summary>
/// <param name="Change">The number of the change. It increases with each change, also across restarts.</param>
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

    /// <summary>The worst impact of all components and open incidents. Maintenance and missing data have no impact.</summary>
    public Impact Indicator => Measured.Select(c => c.Status.Impact)
        .Concat(OpenIncidents.Where(i => i.Stage != Stage.Monitoring).Select(i => i.Impact)).DefaultIfEmpty(Impact.None).Max();

    private bool IsUnderMaintenance => ActiveMaintenances.Any() || Measured.Any(c => c.Status == ComponentStatus.UnderMaintenance);

    public string Headline => Indicator switch
    {
        Impact.Critical => "Major outage",
        Impact.Major => "Partial outage",
        Impact.Minor => "Degraded performance",
        _ when IsUnderMaintenance => "Maintenance is in progress",
        _ when OpenIncidents.Any() => OpenIncidents.All(i => i.Stage == Stage.Monitoring) ? "An incident is being monitored" : "An incident is open",
        _ when Measured.All(c => c.Status == ComponentStatus.NoData) => "No current data",
        _ when Measured.Any(c => c.Status == ComponentStatus.NoData) => "Some components have no current data",
        _ => "All systems operational",
    };

    /// <summary>The headline as a status, which selects icon and color.</summary>
    public ComponentStatus Overall => Indicator switch
    {
        Impact.Critical => ComponentStatus.MajorOutage,
        Impact.Major => ComponentStatus.PartialOutage,
        Impact.Minor => ComponentStatus.DegradedPerformance,
        _ when IsUnderMaintenance => ComponentStatus.UnderMaintenance,
        _ when OpenIncidents.Any() || !Measured.Any() || Measured.Any(c => c.Status == ComponentStatus.NoData) => ComponentStatus.NoData,
        _ => ComponentStatus.Operational,
    };
}

/// <summary>The last 90 days of a component.</summary>
internal sealed record ComponentHistory(IReadOnlyList<DayBar> Days, UptimeFigure Figure, IReadOnlyList<StatusSpan> Line);

/// <summary>The latencies of one operation: those of 24 hours by five minutes, of 7 days by the hour, and of 90 days by the day.</summary>
internal sealed record LatencyChart(string Series, string Name, IReadOnlyList<LatencyPoint> Day, IReadOnlyList<LatencyPoint> Week, IReadOnlyList<LatencyPoint> Quarter);
