using Podflare.Components;
using Podflare.Incidents;
using Podflare.StatuspageApi;
using Podflare.Storage;
using Podflare.Subscribers;

namespace Podflare.Admin;

/// <summary>The JSON objects of the admin API: the public data and the private data beside it.</summary>
internal static class AdminJson
{
    public static object From(Sql sql, Incident incident) => new
    {
        id = incident.Id,
        kind = incident.Kind == IncidentKind.Maintenance ? "maintenance" : "incident",
        title = incident.Title,
        status = incident.Stage.Code,
        impact = StatuspageMapper.Code(incident.Impact),
        origin = incident.ByAutomation ? "automation" : "operator",
        handled_by = incident.ByHuman ? "operator" : "automation",
        created_at = incident.CreatedAt,
        updated_at = incident.UpdatedAt,
        started_at = incident.StartedAt,
        monitoring_at = incident.MonitoringAt,
        resolved_at = incident.ResolvedAt,
        scheduled_for = incident.ScheduledFor,
        scheduled_until = incident.ScheduledUntil,
        components = incident.ReportedStatuses.ToDictionary(s => s.Key, s => s.Value.Code),
        updates = incident.Updates.Select(u => new
        {
            id = u.Id,
            status = u.Stage.Code,
            body = u.Body,
            created_at = u.CreatedAt,
            display_at = u.DisplayAt,
            updated_at = u.UpdatedAt,
            affected_components = u.Affected.Select(a => new AffectedV2(a.Code, a.Name, a.OldStatus, a.NewStatus)),
            @private = u.Private,
            notified = u.Deliver,
            author = u.Author,
            edits = IncidentStore.Edits(sql, incident.Id).Where(e => e.Update == u.Id).Select(e => new { edited_at = e.At, body = e.Body, display_at = e.DisplayAt }),
        }),
    };

    public static object From(Sql sql, Component component, DateTimeOffset now) => new
    {
        id = component.Id,
        name = component.Name,
        status = component.Status.Code,
        probed = component.IsGroup ? null : Uptime.IntervalStore.GetProbed(sql, component.Id).Status.Code,
        held_by = component.IsGroup ? null : Uptime.IntervalStore.FindOverride(sql, component.Id, now)?.Layer.ToString().ToLowerInvariant(),
        group = component.IsGroup,
        group_id = component.GroupId,
        quiet_until = component.QuietUntil,
    };

    public static object From(Subscriber s) => new
    {
        id = s.Id,
        kind = s.Kind,
        address = s.Address,
        state = s.State,
        disabled_because = s.DisabledBecause,
        incidents = s.Incidents,
        maintenance = s.Maintenance,
        components = s.Components,
        created_at = s.CreatedAt,
    };
}
