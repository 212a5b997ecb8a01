using Podflare.Components;

namespace Podflare.Incidents;

/// <summary>An incident or a maintenance window.</summary>
/// <param name="ByHuman">An operator has taken it over, so automation adds only private notes.</param>
/// <param name="HealthySince">The time from which all its components have been healthy.</param>
/// <param name="LastNotifiedAt">The time of the last notification about it.</param>
/// <param name="ReportedStatuses">Its components, with the probed status that its updates or notes reported last.</param>
internal sealed record Incident(
    string Id,
    IncidentKind Kind,
    string Title,
    Stage Stage,
    Impact Impact,
    bool ImpactFixed,
    bool ByAutomation,
    bool ByHuman,
    DateTimeOffset CreatedAt,
    DateTimeOffset UpdatedAt,
    DateTimeOffset StartedAt,
    DateTimeOffset? MonitoringAt,
    DateTimeOffset? ResolvedAt,
    DateTimeOffset? HealthySince,
    DateTimeOffset? LastNotifiedAt,
    DateTimeOffset? ScheduledFor,
    DateTimeOffset? ScheduledUntil,
    DateTimeOffset? RemindedAt)
{
    public IReadOnlyDictionary<string, ComponentStatus> ReportedStatuses { get; init; } = new Dictionary<string, ComponentStatus>();

    /// <summary>Sorted by <see cref="IncidentUpdate.DisplayAt"/>, newest first.</summary>
    public IReadOnlyList<IncidentUpdate> Updates { get; init; } = [];

    /// <summary>A maintenance that ended without ever being in progress.</summary>
    public bool IsCancelled => Stage == Stage.Completed && !Updates.Any(u => u.Stage == Stage.InProgress);
}

/// <param name="Private">Visible to operators only.</param>
internal sealed record IncidentUpdate(
    string Id,
    string IncidentId,
    Stage Stage,
    string Body,
    DateTimeOffset CreatedAt,
    DateTimeOffset DisplayAt,
    DateTimeOffset UpdatedAt,
    IReadOnlyList<Affected> Affected,
    bool Deliver,
    bool Private,
    string Author);

/// <summary>The status change of one component in an update, as status codes.</summary>
internal sealed record Affected(string Code, string Name, string OldStatus, string NewStatus);
