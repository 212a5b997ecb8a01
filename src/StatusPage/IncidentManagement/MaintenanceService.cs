using Podflare.Components;
using Podflare.Http;
using Podflare.Incidents;
using Podflare.Notifications;
using Podflare.Storage;

namespace Podflare.IncidentManagement;

/// <summary>Applies the changes that an operator makes to maintenance windows, inside the caller's transaction.</summary>
internal sealed class MaintenanceService(NotificationWriter notifications, Reconciler reconciler)
{
    private static readonly TimeSpan Longest = TimeSpan.FromDays(30);

    public Incident Schedule(
        Sql sql, string title, string body, IReadOnlyList<string> components, DateTimeOffset from, DateTimeOffset until, bool notify, DateTimeOffset now)
    {
        if (until <= from) throw IncidentService.InvalidField("scheduled_until", "must be after scheduled_for");
        if (until - from > Longest) throw IncidentService.InvalidField("scheduled_until", "must be at most 30 days after scheduled_for");
        if (until <= now) throw IncidentService.InvalidField("scheduled_until", "must not be in the past");
        if (components.Count == 0) throw IncidentService.InvalidField("components", "must name at least one component");
        IncidentService.RequireComponents(sql, components);
        var maintenance = new Incident(
            Ids.New("mnt"), IncidentKind.Maintenance, title, Stage.Scheduled, Impact.Maintenance, true, false, false, now, now, from, null, null, null, null, from, until, null)
        {
            ReportedStatuses = components.Distinct().ToDictionary(c => c, _ => ComponentStatus.Operational),
        };
        IncidentStore.Insert(sql, maintenance);
        var update = Ids.New("upd");
        IncidentStore.AddUpdate(sql, new IncidentUpdate(
            update, maintenance.Id, Stage.Scheduled, body, now, now, now, [], notify, false, IncidentService.Human));
        if (notify) notifications.QueueForUpdate(sql, maintenance.Id, update, "maintenance.scheduled", now);
        reconciler.Run(sql, now);
        return IncidentStore.Find(sql, maintenance.Id)!;
    }

    public Incident Start(Sql sql, string id, string? body, DateTimeOffset now)
    {
        var maintenance = Find(sql, id);
        if (maintenance.Stage != Stage.Scheduled) throw RequestRejectedException.Conflict($"the maintenance cannot be started because it is {maintenance.Stage.Label.ToLowerInvariant()}");
        MaintenanceTransition.Apply(sql, notifications, maintenance, Stage.InProgress, body ?? "Maintenance has started.", IncidentService.Human, now);
        reconciler.Run(sql, now);
        return IncidentStore.Find(sql, id)!;
    }

    /// <summary>Completes the maintenance, or cancels it if it has not started.</summary>
    public Incident Complete(Sql sql, string id, string? body, DateTimeOffset now)
    {
        var maintenance = Find(sql, id);
        if (maintenance.Stage.IsOver) throw RequestRejectedException.Conflict("the maintenance is already completed");
        var text = body ?? (maintenance.Stage == Stage.Scheduled ? "This maintenance was cancelled." : "Maintenance has been completed.");
        MaintenanceTransition.Apply(sql, notifications, maintenance, Stage.Completed, text, IncidentService.Human, now);
        reconciler.Run(sql, now);
        return IncidentStore.Find(sql, id)!;
    }

    public Incident AddUpdate(Sql sql, string id, string body, bool notify, DateTimeOffset now)
    {
        var maintenance = Find(sql, id);
        var update = Ids.New("upd");
        IncidentStore.AddUpdate(sql, new IncidentUpdate(update, id, maintenance.Stage, body, now, now, now, [], notify, false, IncidentService.Human));
        sql.Execute($"UPDATE incident SET updated_at = {now} WHERE id = {id}");
        if (notify) notifications.QueueForUpdate(sql, id, update, "maintenance.updated", now);
        return IncidentStore.Find(sql, id)!;
    }

    private static Incident Find(Sql sql, string id) =>
        IncidentStore.Find(sql, id) is { Kind: IncidentKind.Maintenance } maintenance ? maintenance : throw RequestRejectedException.NotFound("maintenance");
}
