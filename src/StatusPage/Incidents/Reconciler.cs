using Microsoft.Extensions.Options;
using Podflare.Components;
using Podflare.Storage;
using Podflare.Uptime;

namespace Podflare.Incidents;

/// <summary>Brings incidents, maintenances and shown statuses in line with what is known, inside the caller's transaction.</summary>
internal sealed class Reconciler(IOptions<IncidentOptions> options, Notices notices)
{
    public void Run(Sql sql, DateTimeOffset now)
    {
        AdvanceMaintenances(sql, now);
        var components = ComponentStore.All(sql).Where(c => !c.IsGroup).ToArray();
        var watched = components.Select(c => Watch(sql, c, now)).ToArray();
        foreach (var step in Automation.Plan(watched, IncidentStore.Open(sql), options.Value.Rules, now)) Take(sql, step, now);
        foreach (var component in components) Show(sql, component, now);
        ShowGroups(sql, now);
    }

    private static Watched Watch(Sql sql, Component component, DateTimeOffset now)
    {
        var probed = IntervalStore.Probed(sql, component.Id);
        var muted = component.QuietUntil > now || IntervalStore.Held(sql, component.Id, now) is not null;
        return new Watched(component.Id, component.Name, probed.Status, probed.From, probed.Cause, muted);
    }

    private void Take(Sql sql, Step step, DateTimeOffset now)
    {
        switch (step)
        {
            case Step.Open open:
                OpenIncident(sql, open, now);
                break;
            case Step.Update update:
                Add(sql, update, now);
                break;
            case Step.Note note:
                IncidentStore.AddUpdate(sql, new IncidentUpdate(
                    Ids.New("upd"), note.Incident.Id, note.Incident.Stage, note.Body, now, now, now, Tell(note.Incident, note.Changes), false, true, "automation"));
                foreach (var c in note.Changes) IncidentStore.SetSeen(sql, note.Incident.Id, c.Id, c.Probed);
                break;
            case Step.Clean clean:
                sql.Execute($"UPDATE incident SET clean_since = {clean.Since} WHERE id = {clean.Incident.Id}");
                break;
        }
    }

    private void OpenIncident(Sql sql, Step.Open open, DateTimeOffset now)
    {
        var impact = open.Components.Max(c => c.Probed.Impact);
        var incident = new Incident(
            Ids.New("inc"), IncidentKind.Incident, Automation.Title(open.Components), Stage.Investigating, impact, false, true, false,
            now, now, open.StartedAt, null, null, null, null, null, null, null)
        {
            Seen = open.Components.ToDictionary(c => c.Id, c => c.Probed),
        };
        IncidentStore.Insert(sql, incident);
        var affected = open.Components.Select(c => new Affected(c.Id, c.Name, ComponentStatus.Operational.Code, c.Probed.Code)).ToArray();
        IncidentStore.AddUpdate(sql, new IncidentUpdate(
            Ids.New("upd"), incident.Id, Stage.Investigating, Automation.Opening(open.Components), now, now, now, affected, true, false, "automation"));
        notices.AboutUpdate(sql, incident.Id, "incident.created", now);
    }

    private void Add(Sql sql, Step.Update update, DateTimeOffset now)
    {
        var incident = update.Incident;
        IncidentStore.AddUpdate(sql, new IncidentUpdate(
            Ids.New("upd"), incident.Id, update.Stage, update.Body, now, now, now, Tell(incident, update.Changes), update.Notify, false, "automation"));
        foreach (var c in update.Changes) IncidentStore.SetSeen(sql, incident.Id, c.Id, c.Probed);
        var impact = update.Changes.Select(c => c.Probed.Impact).Append(incident.Impact).Max();
        sql.Execute($"""
            UPDATE incident SET stage = {update.Stage}, updated_at = {now}, impact = {(incident.ImpactFixed ? incident.Impact : impact)},
                monitoring_at = CASE WHEN {update.Stage == Stage.Monitoring} THEN {now} ELSE monitoring_at END,
                resolved_at = CASE WHEN {update.Stage == Stage.Resolved} THEN {now} ELSE resolved_at END
            WHERE id = {incident.Id}
            """);
        if (update.Notify) notices.AboutUpdate(sql, incident.Id, update.Stage == Stage.Resolved ? "incident.resolved" : "incident.updated", now);
    }

    private static Affected[] Tell(Incident incident, IReadOnlyList<Watched> changes) =>
    [
        .. changes.Select(c => new Affected(
            c.Id, c.Name, incident.Seen.TryGetValue(c.Id, out var before) ? before.Code : ComponentStatus.Operational.Code, c.Probed.Code)),
    ];

    private static void Show(Sql sql, Component component, DateTimeOffset now)
    {
        var status = IntervalStore.Held(sql, component.Id, now)?.Status ?? IntervalStore.Probed(sql, component.Id).Status;
        if (status == component.Status) return;
        sql.Execute($"UPDATE component SET status = {status}, updated_at = {now} WHERE id = {component.Id}");
        sql.Touch();
        // Knowing or not knowing is no change of the platform.
        if (V2Same(status, component.Status)) return;
        Notices.AboutComponent(sql, component with { Status = status, UpdatedAt = now }, component.Status, now);
    }

    private static bool V2Same(ComponentStatus a, ComponentStatus b) => Feeds.V2.Code(a) == Feeds.V2.Code(b);

    private static void ShowGroups(Sql sql, DateTimeOffset now)
    {
        var all = ComponentStore.All(sql);
        foreach (var group in all.Where(c => c.IsGroup))
        {
            var status = all.Where(c => c.GroupId == group.Id).Select(c => c.Status).DefaultIfEmpty(ComponentStatus.NoData).MaxBy(ComponentStatuses.Weight);
            if (status == group.Status) continue;
            sql.Execute($"UPDATE component SET status = {status}, updated_at = {now} WHERE id = {group.Id}");
            sql.Touch();
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
                    MaintenanceRules.Move(sql, notices, maintenance, Stage.InProgress, "Maintenance has begun.", "automation", now);
                    break;
                case Stage.Scheduled when maintenance.RemindedAt is null && now >= from - TimeSpan.FromSeconds(options.Value.ReminderSeconds):
                    sql.Execute($"UPDATE incident SET reminded_at = {now} WHERE id = {id}");
                    // Who has just been told needs no reminder.
                    if (now - maintenance.CreatedAt > TimeSpan.FromSeconds(options.Value.ReminderSeconds / 10)) notices.AboutUpdate(sql, id, "maintenance.updated", now);
                    break;
                case Stage.InProgress when now >= until:
                    MaintenanceRules.Move(sql, notices, maintenance, Stage.Verifying, "Maintenance is done; we are verifying.", "automation", now);
                    AdvanceMaintenances(sql, now);
                    return;
                case Stage.Verifying when maintenance.Seen.Keys.All(c => IntervalStore.Probed(sql, c).Status == ComponentStatus.Operational):
                    MaintenanceRules.Move(sql, notices, maintenance, Stage.Completed, "Maintenance is completed.", "automation", now);
                    break;
            }
        }
    }
}
