using Podflare.Components;
using Podflare.Configuration;
using Podflare.Incidents;
using Podflare.Serialization;
using Podflare.StatuspageApi;
using Podflare.Storage;

namespace Podflare.Notifications;

/// <summary>Queues notifications for subscribers, in the transaction of the change that they report.</summary>
internal sealed class NotificationWriter(PublicAddress address)
{
    // Keeps a webhook body below 20 kB: a character needs at most six bytes in JSON.
    private const int MaxJsonText = 2400;

    public void QueueForUpdate(Sql sql, string incidentId, string updateId, string type, DateTimeOffset now)
    {
        var incident = IncidentStore.Find(sql, incidentId)!;
        var update = incident.Updates.Single(u => u.Id == updateId);
        var components = ComponentStore.All(sql);
        var json = StatuspageMapper.ToV2(incident, components, address.Url) with { IncidentUpdates = [Truncate(StatuspageMapper.ToV2(update))] };
        var affected = components.Where(c => incident.ReportedStatuses.ContainsKey(c.Id)).ToArray();
        var maintenance = incident.Kind == IncidentKind.Maintenance;
        var text = $"""
            {(maintenance ? "Maintenance" : "Incident")}: {incident.Title}
            Status: {update.Stage.Label}
            {(affected.Length > 0 ? $"Affects: {string.Join(", ", affected.Select(c => c.Name))}\n" : "")}Time: {TimeText(incident, update)}

            {update.Body}

            {address.Url}/incidents/{incident.Id}
            """;
        var subject = $"[{(maintenance && type == "maintenance.updated" ? "Reminder" : update.Stage.Label)}] {incident.Title}";
        Queue(sql, type, incident.Id, subject, text, new { incident = json }, [.. incident.ReportedStatuses.Keys], maintenance, mail: true, now);
        sql.Execute($"UPDATE incident SET noticed_at = {now} WHERE id = {incidentId}");
    }

    public static void QueueForComponent(Sql sql, Component component, ComponentStatus before, DateTimeOffset now)
    {
        var data = new { component = StatuspageMapper.ToV2(component), old_status = StatuspageMapper.Code(before), new_status = StatuspageMapper.Code(component.Status) };
        Queue(sql, "component.updated", null, "", "", data, [component.Id], maintenance: false, mail: false, now);
    }

    private static void Queue(
        Sql sql, string type, string? incident, string subject, string text, object data, string[] components, bool maintenance, bool mail, DateTimeOffset now)
    {
        var id = Ids.New("ntc");
        var json = StatusJson.Text(new { type, timestamp = now, data });
        sql.Execute($"""
            INSERT INTO notice (id, type, incident, subject, text, json, created_at) VALUES ({id}, {type}, {incident}, {subject}, {text}, {json}, {now})
            """);
        var affected = System.Text.Json.JsonSerializer.Serialize(components);
        var posted = sql.Execute($"""
            INSERT INTO delivery (id, kind, subscriber, notice, state, attempts, next_at, created_at)
            SELECT 'dlv_' || lower(hex(randomblob(12))), s.kind, s.id, {id}, 'pending', 0, {now}, {now} FROM subscriber s
            WHERE s.state = 'active' AND (s.kind = 'webhook' OR {mail}) AND CASE WHEN {maintenance} THEN s.maintenance ELSE s.incidents END
                AND ({components.Length} = 0 OR NOT EXISTS (SELECT 1 FROM subscriber_component c WHERE c.subscriber = s.id)
                    OR EXISTS (SELECT 1 FROM subscriber_component c WHERE c.subscriber = s.id AND c.component IN (SELECT value FROM json_each({affected}))))
            """);
        if (posted > 0) sql.MarkDeliveryQueued();
    }

    private static string TimeText(Incident incident, IncidentUpdate update) => incident.Kind == IncidentKind.Maintenance
        ? $"{incident.ScheduledFor!.Value.UtcDateTime:yyyy-MM-dd HH:mm} to {incident.ScheduledUntil!.Value.UtcDateTime:yyyy-MM-dd HH:mm} UTC"
        : $"{update.DisplayAt.UtcDateTime:yyyy-MM-dd HH:mm:ss} UTC";

    private static UpdateV2 Truncate(UpdateV2 update) =>
        update.Body.Length <= MaxJsonText ? update : update with { Body = update.Body[..MaxJsonText] + "..." };
}
