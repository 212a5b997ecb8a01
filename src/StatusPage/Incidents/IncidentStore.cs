using System.Text.Json;
using Podflare.Components;
using Podflare.Storage;

namespace Podflare.Incidents;

/// <summary>Reads and writes incidents and maintenance windows.</summary>
internal static class IncidentStore
{
    public static void Insert(Sql sql, Incident i)
    {
        sql.Execute($"""
            INSERT INTO incident (id, kind, title, stage, impact, impact_fixed, origin, by_human, created_at, updated_at, started_at, scheduled_for, scheduled_until)
            VALUES ({i.Id}, {i.Kind}, {i.Title}, {i.Stage}, {i.Impact}, {i.ImpactFixed}, {(i.ByAutomation ? "automation" : "human")}, {i.ByHuman},
                {i.CreatedAt}, {i.UpdatedAt}, {i.StartedAt}, {i.ScheduledFor}, {i.ScheduledUntil})
            """);
        foreach (var (component, seen) in i.ReportedStatuses) SetReportedStatus(sql, i.Id, component, seen);
        sql.MarkChanged();
    }

    public static void SetReportedStatus(Sql sql, string incident, string component, ComponentStatus seen) => sql.Execute($"""
        INSERT INTO incident_component (incident, component, seen) VALUES ({incident}, {component}, {seen})
        ON CONFLICT (incident, component) DO UPDATE SET seen = excluded.seen
        """);

    public static void AddUpdate(Sql sql, IncidentUpdate u)
    {
        sql.Execute($"""
            INSERT INTO incident_update (id, incident, stage, body, created_at, display_at, updated_at, affected, deliver, private, author)
            VALUES ({u.Id}, {u.IncidentId}, {u.Stage}, {u.Body}, {u.CreatedAt}, {u.DisplayAt}, {u.UpdatedAt}, {JsonSerializer.Serialize(u.Affected)},
                {u.Deliver}, {u.Private}, {u.Author})
            """);
        sql.MarkChanged();
    }

    /// <summary>Changes an update and keeps its previous version.</summary>
    public static void EditUpdate(Sql sql, IncidentUpdate u, DateTimeOffset now)
    {
        sql.Execute($"""
            INSERT INTO incident_update_edit (update_id, edited_at, body, display_at, affected)
            SELECT id, {now}, body, display_at, affected FROM incident_update WHERE id = {u.Id}
            """);
        sql.Execute($"""
            UPDATE incident_update SET body = {u.Body}, display_at = {u.DisplayAt}, affected = {JsonSerializer.Serialize(u.Affected)}, updated_at = {now}
            WHERE id = {u.Id}
            """);
        sql.MarkChanged();
    }

    public static Incident? Find(Sql sql, string id) =>
        sql.First(Query($"WHERE id = {id}"), ReadIncident) is { } incident ? WithDetails(sql, incident) : null;

    /// <summary>Open incidents, oldest first.</summary>
    public static List<Incident> Open(Sql sql) => WithDetails(sql, sql.List(
        Query($"WHERE kind = 'Incident' AND stage NOT IN ('Resolved', 'Postmortem') ORDER BY started_at, id"), ReadIncident));

    /// <summary>Maintenance windows that are not completed, in the order of their start.</summary>
    public static List<Incident> OpenMaintenances(Sql sql) => WithDetails(sql, sql.List(
        Query($"WHERE kind = 'Maintenance' AND stage <> 'Completed' ORDER BY scheduled_for, id"), ReadIncident));

    /// <summary>Newest first, at most <paramref name="limit"/>.</summary>
    public static List<Incident> Newest(Sql sql, IncidentKind kind, int limit) => WithDetails(sql, sql.List(
        Query($"WHERE kind = {kind} ORDER BY started_at DESC, id DESC LIMIT {limit}"), ReadIncident));

    public static List<Incident> Between(Sql sql, DateTimeOffset from, DateTimeOffset to) => WithDetails(sql, sql.List(
        Query($"WHERE started_at >= {from} AND started_at < {to} ORDER BY started_at DESC, id DESC LIMIT 1000"), ReadIncident));

    /// <summary>Previous versions of an incident's updates.</summary>
    public static List<(string Update, DateTimeOffset At, string Body, DateTimeOffset DisplayAt)> Edits(Sql sql, string incident) => sql.List(
        $"""
        SELECT e.update_id, e.edited_at, e.body, e.display_at FROM incident_update_edit e JOIN incident_update u ON u.id = e.update_id
        WHERE u.incident = {incident} ORDER BY e.edited_at
        """,
        row => (row.Text(0), row.Time(1), row.Text(2), row.Time(3)));

    private static FormattableString Query(FormattableString condition) => System.Runtime.CompilerServices.FormattableStringFactory.Create(
        """
        SELECT id, kind, title, stage, impact, impact_fixed, origin, by_human, created_at, updated_at, started_at, monitoring_at, resolved_at,
            clean_since, noticed_at, scheduled_for, scheduled_until, reminded_at FROM incident
        """ + " " + condition.Format,
        condition.GetArguments());

    private static List<Incident> WithDetails(Sql sql, List<Incident> incidents) => incidents.ConvertAll(i => WithDetails(sql, i));

    private static Incident WithDetails(Sql sql, Incident incident) => incident with
    {
        ReportedStatuses = sql.List(
            $"SELECT component, seen FROM incident_component WHERE incident = {incident.Id} ORDER BY component",
            row => (Component: row.Text(0), ReportedStatuses: row.Name<ComponentStatus>(1))).ToDictionary(c => c.Component, c => c.ReportedStatuses),
        Updates = sql.List(
            $"""
            SELECT id, incident, stage, body, created_at, display_at, updated_at, affected, deliver, private, author FROM incident_update
            WHERE incident = {incident.Id} ORDER BY id
            """,
            ReadUpdate)
            // Updates of one transaction have equal times; their stages are in order.
            .OrderByDescending(u => u.DisplayAt).ThenByDescending(u => u.CreatedAt).ThenByDescending(u => u.Stage).ToList(),
    };

    private static Incident ReadIncident(Row row) => new(
        row.Text(0), row.Name<IncidentKind>(1), row.Text(2), row.Name<Stage>(3), row.Name<Impact>(4), row.Flag(5), row.Text(6) == "automation", row.Flag(7),
        row.Time(8), row.Time(9), row.Time(10), row.NullableTime(11), row.NullableTime(12), row.NullableTime(13), row.NullableTime(14),
        row.NullableTime(15), row.NullableTime(16), row.NullableTime(17));

    private static IncidentUpdate ReadUpdate(Row row) => new(
        row.Text(0), row.Text(1), row.Name<Stage>(2), row.Text(3), row.Time(4), row.Time(5), row.Time(6),
        JsonSerializer.Deserialize<Affected[]>(row.Text(7)) ?? [], row.Flag(8), row.Flag(9), row.Text(10));
}
