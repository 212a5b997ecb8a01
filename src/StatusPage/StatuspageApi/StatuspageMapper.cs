using Podflare.Components;
using Podflare.Incidents;

namespace Podflare.StatuspageApi;

/// <summary>Maps components and incidents to the objects of the Statuspage API, version 2.</summary>
internal static class StatuspageMapper
{
    public const string PageId = "podflare";

    public static string Code(Impact impact) => impact.ToString().ToLowerInvariant();

    /// <summary>Returns the status code. Version 2 has no code for missing data, so such a component is reported as operational; <c>/api/uptime.json</c> reports <c>no_data</c>.</summary>
    public static string Code(ComponentStatus status) => status == ComponentStatus.NoData ? ComponentStatus.Operational.Code : status.Code;

    public static ComponentV2 ToV2(Component c) => new(
        c.Id, c.Name, Code(c.Status), c.CreatedAt, c.UpdatedAt, c.Position, c.Description, false,
        c.IsGroup ? null : c.CreatedAt.UtcDateTime.ToString("yyyy-MM-dd", System.Globalization.CultureInfo.InvariantCulture), c.GroupId, PageId, c.IsGroup, false);

    public static IncidentV2 ToV2(Incident i, IEnumerable<Component> components, string publicUrl)
    {
        var own = components.Where(c => i.ReportedStatuses.ContainsKey(c.Id)).Select(ToV2).ToArray();
        var updates = i.Updates.Where(u => !u.Private).Select(ToV2).ToArray();
        var link = $"{publicUrl}/incidents/{i.Id}";
        return i.Kind == IncidentKind.Incident
            ? new IncidentV2(i.Id, i.Title, i.Stage.Code, Code(i.Impact), link, i.CreatedAt, i.UpdatedAt, i.StartedAt, i.MonitoringAt, i.ResolvedAt, PageId, own, updates)
            : new MaintenanceV2(
                i.Id, i.Title, i.Stage.Code, "maintenance", link, i.CreatedAt, i.UpdatedAt, i.StartedAt, i.MonitoringAt, i.ResolvedAt, PageId, own, updates,
                i.ScheduledFor!.Value, i.ScheduledUntil!.Value);
    }

    public static UpdateV2 ToV2(IncidentUpdate u) => new(
        u.Id, u.IncidentId, u.Stage.Code, u.Body, u.CreatedAt, u.DisplayAt, u.UpdatedAt,
        u.Affected.Count == 0 ? null : [.. u.Affected.Select(a => new AffectedV2(a.Code, a.Name, a.OldStatus, a.NewStatus))], u.Deliver);
}
