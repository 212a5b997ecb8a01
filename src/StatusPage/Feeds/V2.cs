using System.Text.Json.Serialization;
using Podflare.Components;
using Podflare.Incidents;

namespace Podflare.Feeds;

// The objects of the Statuspage API, version 2: field for field, so that its readers can read us.
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

/// <summary>From our records to those of version 2.</summary>
internal static class V2
{
    public const string PageId = "podflare";

    public static string Code(Impact impact) => impact.ToString().ToLowerInvariant();

    /// <summary>Version 2 has no word for "nobody knows"; a component without data keeps the one for no known fault, and our own JSON tells.</summary>
    public static string Code(ComponentStatus status) => status == ComponentStatus.NoData ? ComponentStatus.Operational.Code : status.Code;

    public static ComponentV2 Of(Component c) => new(
        c.Id, c.Name, Code(c.Status), c.CreatedAt, c.UpdatedAt, c.Position, c.Description, false,
        c.IsGroup ? null : c.CreatedAt.UtcDateTime.ToString("yyyy-MM-dd", System.Globalization.CultureInfo.InvariantCulture), c.GroupId, PageId, c.IsGroup, false);

    public static IncidentV2 Of(Incident i, IEnumerable<Component> components, string publicUrl)
    {
        var own = components.Where(c => i.Seen.ContainsKey(c.Id)).Select(Of).ToArray();
        var updates = i.Updates.Where(u => !u.Private).Select(Of).ToArray();
        var link = $"{publicUrl}/incidents/{i.Id}";
        return i.Kind == IncidentKind.Incident
            ? new IncidentV2(i.Id, i.Title, i.Stage.Code, Code(i.Impact), link, i.CreatedAt, i.UpdatedAt, i.StartedAt, i.MonitoringAt, i.ResolvedAt, PageId, own, updates)
            : new MaintenanceV2(
                i.Id, i.Title, i.Stage.Code, "maintenance", link, i.CreatedAt, i.UpdatedAt, i.StartedAt, i.MonitoringAt, i.ResolvedAt, PageId, own, updates,
                i.ScheduledFor!.Value, i.ScheduledUntil!.Value);
    }

    public static UpdateV2 Of(IncidentUpdate u) => new(
        u.Id, u.IncidentId, u.Stage.Code, u.Body, u.CreatedAt, u.DisplayAt, u.UpdatedAt,
        u.Affected.Count == 0 ? null : [.. u.Affected.Select(a => new AffectedV2(a.Code, a.Name, a.OldStatus, a.NewStatus))], u.Deliver);
}
