using Podflare.Storage;

namespace Podflare.Subscribers;

/// <summary>One entry of the delivery log.</summary>
internal sealed record DeliveryLogEntry(
    string Id, string Kind, string? Subscriber, string? Type, string State, int Attempts, DateTimeOffset CreatedAt, DateTimeOffset NextAt, DateTimeOffset? DoneAt,
    string? LastOutcome, string? LastDetail)
{
    public static List<DeliveryLogEntry> Newest(Sql sql, string? subscriber, string? state, int limit) => sql.List(
        $"""
        SELECT d.id, d.kind, d.subscriber, COALESCE(n.type, CASE WHEN d.kind = 'challenge' THEN 'challenge' ELSE 'confirmation' END), d.state, d.attempts,
            d.created_at, d.next_at, d.done_at,
            (SELECT outcome FROM attempt a WHERE a.delivery = d.id ORDER BY at DESC LIMIT 1), (SELECT detail FROM attempt a WHERE a.delivery = d.id ORDER BY at DESC LIMIT 1)
        FROM delivery d LEFT JOIN notice n ON n.id = d.notice
        WHERE ({subscriber} IS NULL OR d.subscriber = {subscriber}) AND ({state} IS NULL OR d.state = {state}) ORDER BY d.created_at DESC, d.id LIMIT {limit}
        """,
        row => new DeliveryLogEntry(
            row.Text(0), row.Text(1), row.NullableText(2), row.NullableText(3), row.Text(4), row.Int(5), row.Time(6), row.Time(7), row.NullableTime(8),
            row.NullableText(9), row.NullableText(10)));
}
