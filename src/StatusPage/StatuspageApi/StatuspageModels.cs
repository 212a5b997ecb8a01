using System.Text.Json.Serialization;
using Podflare.Components;

namespace Podflare.StatuspageApi;

// The objects of the Statuspage API, version 2. The fields match exactly, so that existing clients can read this page.
internal sealed record PageV2(string Id, string Name, string Url, string TimeZone, DateTimeOffset UpdatedAt);

internal sealed record StatusV2(string Indicator, string Description);

internal sealed record ComponentV2(
    string Id, string Name, string Status, DateTimeOffset CreatedAt, DateTimeOffset UpdatedAt, int Position, string? Description, bool Showcase,
    string? StartDate, string? GroupId, string PageId, bool Group, bool OnlyShowIfDegraded);

internal sealed record AffectedV2(string Code, string Name, string OldStatus, string NewStatus);

internal sealed record UpdateV2(
    string Id, string IncidentId, string Status, string Body, DateTimeOffset CreatedAt, DateTimeOffset DisplayAt, DateTimeOffset UpdatedAt,
    IReadOnlyList<AffectedV2>? AffectedComponents, bool DeliverNotifications);

[JsonDerivedType(typeof(MaintenanceV2))]
internal record IncidentV2(
    string Id, string Name, string Status, string Impact, string Shortlink, DateTimeOffset CreatedAt, DateTimeOffset UpdatedAt, DateTimeOffset StartedAt,
    DateTimeOffset? MonitoringAt, DateTimeOffset? ResolvedAt, string PageId, IReadOnlyList<ComponentV2> Components, IReadOnlyList<UpdateV2> IncidentUpdates);

internal sealed record MaintenanceV2(
    string Id, string Name, string Status, string Impact, string Shortlink, DateTimeOffset CreatedAt, DateTimeOffset UpdatedAt, DateTimeOffset StartedAt,
    DateTimeOffset? MonitoringAt, DateTimeOffset? ResolvedAt, string PageId, IReadOnlyList<ComponentV2> Components, IReadOnlyList<UpdateV2> IncidentUpdates,
    [property: JsonPropertyOrder(1)] DateTimeOffset ScheduledFor, [property: JsonPropertyOrder(1)] DateTimeOffset ScheduledUntil)
    : IncidentV2(Id, Name, Status, Impact, Shortlink, CreatedAt, UpdatedAt, StartedAt, MonitoringAt, ResolvedAt, PageId, Components, IncidentUpdates);
