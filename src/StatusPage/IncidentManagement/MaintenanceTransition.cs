using Podflare.Components;
using Podflare.Incidents;
using Podflare.Notifications;
using Podflare.Storage;
using Podflare.Uptime;

namespace Podflare.IncidentManagement;

internal static class MaintenanceTransition
{
    /// <summary>Moves a maintenance to its next stage, adds an update about it, and sets or releases the status of its components.</summary>
    public static void Apply(Sql sql, NotificationWriter notifications, Incident maintenance, Stage stage, string body, string author, DateTimeOffset now)
    {
        var started = stage == Stage.InProgress ? now : maintenance.StartedAt;
        DateTimeOffset? resolved = stage == Stage.Completed ? now : null;
        var notify = stage is Stage.InProgress or Stage.Completed;
        var update = Ids.New("upd");
        IncidentStore.AddUpdate(sql, new IncidentUpdate(
            update, maintenance.Id, stage, body, now, now, now, Affected(sql, maintenance, stage), notify, false, author));
        sql.Execute($"""
            UPDATE incident SET stage = {stage}, updated_at = {now}, started_at = {started}, resolved_at = {resolved},
                monitoring_at = CASE WHEN {stage == Stage.Verifying} THEN {now} ELSE monitoring_at END
            WHERE id = {maintenance.Id}
            """);
        // A maintenance that is cancelled before its start never set a status.
        if (stage != Stage.Completed || maintenance.Stage != Stage.Scheduled)
        {
            IntervalStore.Replace(
                sql, maintenance.Id, Layer.Maintenance, maintenance.ReportedStatuses.Keys.Select(c => (c, ComponentStatus.UnderMaintenance, started, resolved)));
        }

        if (notify) notifications.QueueForUpdate(sql, maintenance.Id, update, stage == Stage.Completed ? "maintenance.completed" : "maintenance.started", now);
        sql.MarkChanged();
    }

    private static Affected[] Affected(Sql sql, Incident maintenance, Stage stage)
    {
        var (before, after) = stage switch
        {
            Stage.InProgress => (ComponentStatus.Operational, ComponentStatus.UnderMaintenance),
            Stage.Completed when maintenance.Stage != Stage.Scheduled => (ComponentStatus.UnderMaintenance, ComponentStatus.Operational),
            _ => (ComponentStatus.NoData, ComponentStatus.NoData),
        };
        if (before == after) return [];
        return
        [
            .. ComponentStore.All(sql).Where(c => maintenance.ReportedStatuses.ContainsKey(c.Id)).Select(c => new Affected(c.Id, c.Name, before.Code, after.Code)),
        ];
    }
}
