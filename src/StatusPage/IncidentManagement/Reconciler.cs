using Microsoft.Extensions.Options;
using Podflare.Components;
using Podflare.Incidents;
using Podflare.Notifications;
using Podflare.StatuspageApi;
using Podflare.Storage;
using Podflare.Uptime;

namespace Podflare.IncidentManagement;

/// <summary>Updates incidents, maintenance windows and displayed statuses to match the current data, inside the caller's transaction.</summary>
internal sealed class Reconciler(IOptions<IncidentOptions> options, NotificationWriter notifications)
{
    public void Run(Sql sql, DateTimeOffset now)
    {
        AdvanceMaintenances(sql, now);
        var components = ComponentStore.All(sql).Where(c => !c.IsGroup).ToArray();
        var monitored = components.Select(c => Observe(sql, c, now)).ToArray();
        foreach (var step in Automation.Plan(monitored, IncidentStore.Open(sql), options.Value.Rules, now)) Apply(sql, step, now);
        foreach (var component in components) UpdateDisplayedStatus(sql, component, now);
        UpdateGroups(sql, now);
    }

    private static MonitoredComponent Observe(Sql sql, Component component, DateTimeOffset now)
    {
        var probed = IntervalStore.GetProbed(sql, component.Id);
        var muted = component.QuietUntil > now || IntervalStore.FindOverride(sql, component.Id, now) is not null;
        return new MonitoredComponent(component.Id, component.Name, probed.Status, probed.From, probed.Cause, muted);
    }

    private void Apply(Sql sql, AutomationStep step, DateTimeOffset now)
    {
        switch (step)
        {
            case AutomationStep.Open open:
                OpenIncident(sql, open, now);
                break;
            case AutomationStep.Update update:
                AddUpdate(sql, update, now);
                break;
            case AutomationStep.PrivateNote note:
                IncidentStore.AddUpdate(sql, new IncidentUpdate(
                    Ids.New("upd"), note.Incident.Id, note.Incident.Stage, note.Body, now, now, now, AffectedBy(note.Incident, note.Changes), false, true, "automation"));
                foreach (var c in note.Changes) IncidentStore.SetReportedStatus(sql, note.Incident.Id, c.Id, c.Probed);
                break;
            case AutomationStep.SetHealthySince healthy:
                sql.Execute($"UPDATE incident SET clean_since = {healthy.Since} WHERE id = {healthy.Incident.Id}");
                break;
        }
    }

    private void OpenIncident(Sql sql, AutomationStep.Open open, DateTimeOffset now)
    {
        var impact = open.Components.Max(c => c.Probed.Impact);
        var incident = new Incident(
            Ids.New("inc"), IncidentKind.Incident, Automation.Title(open.Components), Stage.Investigating, impact, false, true, false,
            now, now, open.StartedAt, null, null, null, null, null, null, null)
        {
            ReportedStatuses = open.Components.ToDictionary(c => c.Id, c => c.Probed),
        };
        IncidentStore.Insert(sql, incident);
        var affected = open.Components.Select(c => new Affected(c.Id, c.Name, ComponentStatus.Operational.Code, c.Probed.Code)).ToArray();
        var update = Ids.New("upd");
        IncidentStore.AddUpdate(sql, new IncidentUpdate(
            update, incident.Id, Stage.Investigating, Automation.OpeningBody(open.Components), now, now, now, affected, true, false, "automation"));
        notifications.QueueForUpdate(sql, incident.Id, update, "incident.created", now);
    }

    private void AddUpdate(Sql sql, AutomationStep.Update update, DateTimeOffset now)
    {
        var incident = update.Incident;
        var id = Ids.New("upd");
        IncidentStore.AddUpdate(sql, new IncidentUpdate(
            id, incident.Id, update.Stage, update.Body, now, now, now, AffectedBy(incident, update.Changes), update.Notify, false, "automation"));
        foreach (var c in update.Changes) IncidentStore.SetReportedStatus(sql, incident.Id, c.Id, c.Probed);
        var impact = update.Changes.Select(c => c.Probed.Impact).Append(incident.Impact).Max();
        sql.Execute($"""
            UPDATE incident SET stage = {update.Stage}, updated_at = {now}, impact = {(incident.ImpactFixed ? incident.Impact : impact)},
                monitoring_at = CASE WHEN {update.Stage == Stage.Monitoring} THEN {now} ELSE monitoring_at END,
                resolved_at = CASE WHEN {update.Stage == Stage.Resolved} THEN {now} ELSE resolved_at END
            WHERE id = {incident.Id}
            """);
        if (update.Notify) notifications.QueueForUpdate(sql, incident.Id, id, update.Stage == Stage.Resolved ? "incident.resolved" : "incident.updated", now);
    }

    private static Affected[] AffectedBy(Incident incident, IReadOnlyList<MonitoredComponent> changes) =>
    [
        .. changes.Select(c => new Affected(
            c.Id, c.Name, incident.ReportedStatuses.TryGetValue(c.Id, out var before) ? before.Code : ComponentStatus.Operational.Code, c.Probed.Code)),
    ];

    private static void UpdateDisplayedStatus(Sql sql, Component component, DateTimeOffset now)
    {
        var status = IntervalStore.FindOverride(sql, component.Id, now)?.Status ?? IntervalStore.GetProbed(sql, component.Id).Status;
        if (status == component.Status) return;
        sql.Execute($"UPDATE component SET status = {status}, updated_at = {now} WHERE id = {component.Id}");
        sql.MarkChanged();
        // Losing or regaining data is not a change of the platform.
        if (IsSameInStatuspageApi(status, component.Status)) return;
        NotificationWriter.QueueForComponent(sql, component with { Status = status, UpdatedAt = now }, component.Status, now);
    }

    private static bool IsSameInStatuspageApi(ComponentStatus a, ComponentStatus b) => StatuspageMapper.Code(a) == StatuspageMapper.Code(b);

    private static void UpdateGroups(Sql sql, DateTimeOffset now)
    {
        var all = ComponentStore.All(sql);
        foreach (var group in all.Where(c => c.IsGroup))
        {
            var status = all.Where(c => c.GroupId == group.Id).Select(c => c.Status).DefaultIfEmpty(ComponentStatus.NoData).MaxBy(ComponentStatuses.Severity);
            if (status == group.Status) continue;
            sql.Execute($"UPDATE component SET status = {status}, updated_at = {now} WHERE id = {group.Id}");
            sql.MarkChanged();
        }
    }

    private void AdvanceMaintenances(Sql sql, DateTimeOffset now)
    {
        foreach (var maintenance in IncidentStore.OpenMaintenances(sql))
        {
            var (id, from, until) = (maintenance.Id, maintenance.ScheduledFor!.Value, maintenance.ScheduledUntil!.Value);
            switch (maintenance.Stage)
            {
                case Stage.Scheduled when now >= from:
                    MaintenanceTransition.Apply(sql, notifications, maintenance, Stage.InProgress, "Maintenance has started.", "automation", now);
                    break;
                case Stage.Scheduled when maintenance.RemindedAt is null && now >= from - TimeSpan.FromSeconds(options.Value.ReminderSeconds):
                    sql.Execute($"UPDATE incident SET reminded_at = {now} WHERE id = {id}");
                    // No reminder is needed if the announcement was sent a short time ago.
                    if (now - maintenance.CreatedAt > TimeSpan.FromSeconds(options.Value.ReminderSeconds / 10)) notifications.QueueForUpdate(sql, id, maintenance.Updates.First(u => !u.Private).Id, "maintenance.updated", now);
                    break;
                case Stage.InProgress when now >= until:
                    MaintenanceTransition.Apply(sql, notifications, maintenance, Stage.Verifying, "The work is done. We are verifying the result.", "automation", now);
                    AdvanceMaintenances(sql, now);
                    return;
                case Stage.Verifying when maintenance.ReportedStatuses.Keys.All(c => IntervalStore.GetProbed(sql, c).Status == ComponentStatus.Operational):
                    MaintenanceTransition.Apply(sql, notifications, maintenance, Stage.Completed, "Maintenance has been completed.", "automation", now);
                    break;
            }
        }
    }
}
