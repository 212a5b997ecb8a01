using Microsoft.Extensions.Options;
using Podflare.Components;
using Podflare.Http;
using Podflare.Incidents;
using Podflare.Notifications;
using Podflare.StatuspageApi;
using Podflare.Storage;
using Podflare.Uptime;

namespace Podflare.IncidentManagement;

/// <summary>Applies the changes that an operator makes to incidents, inside the caller's transaction.</summary>
internal sealed class IncidentService(NotificationWriter notifications, Reconciler reconciler, IOptions<IncidentOptions> options)
{
    public const string Human = "operator";

    public Incident Open(Sql sql, NewIncident request, DateTimeOffset now)
    {
        var started = request.StartedAt ?? now;
        if (started > now) throw InvalidField("started_at", "must not be in the future");
        RequireComponents(sql, request.Statuses.Keys);
        var impact = request.Impact ?? request.Statuses.Values.Select(s => s.Impact).DefaultIfEmpty(Impact.None).Max();
        var incident = new Incident(
            Ids.New("inc"), IncidentKind.Incident, request.Title, request.Stage, impact, request.Impact is not null, false, true,
            now, now, started, null, null, null, null, null, null, null)
        {
            ReportedStatuses = request.Statuses.Keys.ToDictionary(c => c, c => IntervalStore.GetProbed(sql, c).Status),
        };
        IncidentStore.Insert(sql, incident);
        var update = Ids.New("upd");
        IncidentStore.AddUpdate(sql, new IncidentUpdate(
            update, incident.Id, request.Stage, request.Body, now, started, now, BuildAffected(sql, request.Statuses, now), request.Notify, false, Human));
        RecomputeFromUpdates(sql, incident.Id, now);
        if (request.Notify) notifications.QueueForUpdate(sql, incident.Id, update, request.Stage.IsOver ? "incident.resolved" : "incident.created", now);
        reconciler.Run(sql, now);
        return IncidentStore.Find(sql, incident.Id)!;
    }

    /// <summary>Adds an update. From then on, automation adds only private notes to the incident.</summary>
    public Incident Update(Sql sql, string id, NewUpdate request, DateTimeOffset now)
    {
        var incident = Incident(sql, id);
        var display = request.DisplayAt ?? now;
        if (display > now) throw InvalidField("display_at", "must not be in the future");
        // A backdated update without a stage of its own belongs to the stage of its time.
        var stage = request.Stage ?? StageAt(incident, display);
        if (stage == Stage.Postmortem && !incident.Stage.IsOver) throw RequestRejectedException.Conflict("status: postmortem requires a resolved incident");
        RequireComponents(sql, request.Statuses.Keys);
        var update = Ids.New("upd");
        IncidentStore.AddUpdate(sql, new IncidentUpdate(
            update, id, stage, request.Body, now, display, now, BuildAffected(sql, request.Statuses, now), request.Notify, false, Human));
        foreach (var component in request.Statuses.Keys.Where(c => !incident.ReportedStatuses.ContainsKey(c)))
            IncidentStore.SetReportedStatus(sql, id, component, IntervalStore.GetProbed(sql, component).Status);
        var impact = request.Statuses.Values.Select(s => s.Impact).Append(incident.Impact).Max();
        sql.Execute($"""
            UPDATE incident SET by_human = 1, updated_at = {now}, clean_since = NULL, impact = {(incident.ImpactFixed ? incident.Impact : impact)} WHERE id = {id}
            """);
        RecomputeFromUpdates(sql, id, now);
        var isNowResolved = !incident.Stage.IsOver && IncidentStore.Find(sql, id)!.Stage == Stage.Resolved;
        if (isNowResolved)
        {
            var quiet = now + TimeSpan.FromSeconds(options.Value.HumanQuietSeconds);
            sql.Execute($"UPDATE component SET quiet_until = {quiet} WHERE id IN (SELECT component FROM incident_component WHERE incident = {id})");
        }

        if (request.Notify) notifications.QueueForUpdate(sql, id, update, isNowResolved ? "incident.resolved" : "incident.updated", now);
        reconciler.Run(sql, now);
        return IncidentStore.Find(sql, id)!;
    }

    /// <summary>Changes the text, the time or the components of an update. The previous version is kept, and uptime is recomputed.</summary>
    public Incident Edit(Sql sql, string id, string update, UpdateEdit edit, DateTimeOffset now)
    {
        var incident = IncidentStore.Find(sql, id) ?? throw RequestRejectedException.NotFound("incident");
        var old = incident.Updates.FirstOrDefault(u => u.Id == update) ?? throw RequestRejectedException.NotFound("update");
        if (edit.DisplayAt > now) throw InvalidField("display_at", "must not be in the future");
        if (edit.Statuses is { } statuses) RequireComponents(sql, statuses.Keys);
        IncidentStore.EditUpdate(
            sql,
            old with
            {
                Body = edit.Body ?? old.Body,
                DisplayAt = edit.DisplayAt ?? old.DisplayAt,
                Affected = edit.Statuses is null ? old.Affected : BuildAffected(sql, edit.Statuses, now),
            },
            now);
        foreach (var component in (edit.Statuses ?? new Dictionary<string, ComponentStatus>()).Keys.Where(c => !incident.ReportedStatuses.ContainsKey(c)))
            IncidentStore.SetReportedStatus(sql, id, component, IntervalStore.GetProbed(sql, component).Status);
        sql.Execute($"UPDATE incident SET updated_at = {now} WHERE id = {id}");
        if (incident.Kind == IncidentKind.Incident) RecomputeFromUpdates(sql, id, now);
        reconciler.Run(sql, now);
        return IncidentStore.Find(sql, id)!;
    }

    public static Incident Rename(Sql sql, string id, string title, DateTimeOffset now)
    {
        if (sql.Execute($"UPDATE incident SET title = {title}, updated_at = {now} WHERE id = {id}") == 0) throw RequestRejectedException.NotFound("incident");
        sql.MarkChanged();
        return IncidentStore.Find(sql, id)!;
    }

    /// <summary>Returns the incident to automation and releases the component statuses that the operator had set in it.</summary>
    public Incident HandBack(Sql sql, string id, DateTimeOffset now)
    {
        var incident = Incident(sql, id);
        if (incident.Stage.IsOver) throw RequestRejectedException.Conflict("the incident is already resolved");
        sql.Execute($"UPDATE incident SET by_human = 0, updated_at = {now}, clean_since = NULL WHERE id = {id}");
        sql.Execute($"UPDATE interval SET finish = {now} WHERE incident = {id} AND finish IS NULL");
        sql.MarkChanged();
        reconciler.Run(sql, now);
        return IncidentStore.Find(sql, id)!;
    }

    private static Stage StageAt(Incident incident, DateTimeOffset at) =>
        incident.Updates.FirstOrDefault(u => !u.Private && u.DisplayAt <= at)?.Stage ?? incident.Updates.Last(u => !u.Private).Stage;

    /// <summary>Recomputes the stage, the times and the component statuses from the updates, in the order in which they are displayed.</summary>
    private static void RecomputeFromUpdates(Sql sql, string id, DateTimeOffset now)
    {
        var incident = IncidentStore.Find(sql, id)!;
        var spans = new List<(string Component, ComponentStatus Status, DateTimeOffset From, DateTimeOffset? To)>();
        var open = new Dictionary<string, (ComponentStatus Status, DateTimeOffset From)>();
        DateTimeOffset? monitoring = null, resolved = null;
        foreach (var update in incident.Updates.Where(u => !u.Private).OrderBy(u => u.DisplayAt).ThenBy(u => u.CreatedAt))
        {
            if (update.Author == Human)
            {
                foreach (var affected in update.Affected)
                {
                    Close(affected.Code, update.DisplayAt);
                    open[affected.Code] = (ComponentStatuses.Parse(affected.NewStatus)!.Value, update.DisplayAt);
                }
            }

            if (update.Stage == Stage.Monitoring) monitoring = update.DisplayAt;
            if (update.Stage == Stage.Resolved) resolved = update.DisplayAt;
            else if (!update.Stage.IsOver) resolved = null;
            if (!update.Stage.IsOver) continue;
            foreach (var component in open.Keys.ToArray()) Close(component, update.DisplayAt);
        }

        spans.AddRange(open.Select(o => (o.Key, o.Value.Status, o.Value.From, (DateTimeOffset?)null)));
        IntervalStore.Replace(sql, id, Layer.Manual, spans);
        var first = incident.Updates.Where(u => !u.Private).Min(u => u.DisplayAt);
        // The updates are sorted, newest first.
        var stage = incident.Updates.First(u => !u.Private).Stage;
        sql.Execute($"""
            UPDATE incident SET stage = {stage}, monitoring_at = {monitoring}, resolved_at = {resolved}, started_at = {(incident.ByAutomation ? Earlier(incident.StartedAt, first) : first)} WHERE id = {id}
            """);

        void Close(string component, DateTimeOffset at)
        {
            if (open.Remove(component, out var held)) spans.Add((component, held.Status, held.From, at));
        }
    }

    private static DateTimeOffset Earlier(DateTimeOffset a, DateTimeOffset b) => a < b ? a : b;

    private static Incident Incident(Sql sql, string id) =>
        IncidentStore.Find(sql, id) is { Kind: IncidentKind.Incident } incident ? incident : throw RequestRejectedException.NotFound("incident");

    public static void RequireComponents(Sql sql, IEnumerable<string> components)
    {
        var known = ComponentStore.All(sql).Where(c => !c.IsGroup).Select(c => c.Id).ToHashSet();
        foreach (var component in components)
        {
            if (!known.Contains(component)) throw InvalidField("components", $"'{component}' does not exist; the components are {string.Join(", ", known)}");
        }
    }

    private static Affected[] BuildAffected(Sql sql, IReadOnlyDictionary<string, ComponentStatus> statuses, DateTimeOffset now) =>
    [
        .. ComponentStore.All(sql).Where(c => statuses.ContainsKey(c.Id)).Select(c => new Affected(
            c.Id, c.Name, StatuspageMapper.Code((IntervalStore.FindOverride(sql, c.Id, now)?.Status ?? c.Status)), statuses[c.Id].Code)),
    ];

    public static RequestRejectedException InvalidField(string field, string message) =>
        new(400, "invalid_request", $"{field}: {message}") { Errors = new Dictionary<string, string> { [field] = message } };
}

internal sealed record NewIncident(
    string Title, string Body, Stage Stage, Impact? Impact, IReadOnlyDictionary<string, ComponentStatus> Statuses, DateTimeOffset? StartedAt, bool Notify);

internal sealed record NewUpdate(Stage? Stage, string Body, IReadOnlyDictionary<string, ComponentStatus> Statuses, DateTimeOffset? DisplayAt, bool Notify);

internal sealed record UpdateEdit(string? Body, DateTimeOffset? DisplayAt, IReadOnlyDictionary<string, ComponentStatus>? Statuses);
