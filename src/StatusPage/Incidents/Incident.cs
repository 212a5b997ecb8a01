using Podflare.Components;

namespace Podflare.Incidents;

/// <summary>An incident, or a maintenance, which has the same life.</summary>
/// <param name="ByHuman">A person has taken it over: automation adds private notes only.</param>
/// <param name="HealthySince">From when every component of it is good.</param>
/// <param name="LastNotifiedAt">When subscribers last heard of it.</param>
/// <param name="ReportedStatuses">Its components, with the probed status that its updates or notes last told.</param>
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

    /// <summary>Newest first.</summary>
    public IReadOnlyList<IncidentUpdate> Updates { get; init; } = [];
}

/// <param name="Private">For operators; on no page, in no feed.</param>
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

/// <summary>What an update says of a component, as status codes.</summary>
internal sealed record Affected(string Code, string Name, string OldStatus, string NewStatus);
