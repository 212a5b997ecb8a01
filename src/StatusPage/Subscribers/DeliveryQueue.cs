using System.Threading.Channels;
using Podflare.Incidents;
using Podflare.Storage;

namespace Podflare.Subscribers;

/// <summary>A delivery that is due, with all that is needed to make it.</summary>
internal sealed record DueDelivery(
    string Id, string Kind, string? Subscriber, string? Address, string? Body, int Attempts, string? Type, string? Incident, string? Subject, string? Text, string? Json);

/// <summary>Deliveries as rows: a restart finds them as they were.</summary>
internal sealed class DeliveryQueue
{
    private readonly Database _database;
    private readonly Dictionary<string, Channel<bool>> _signals = new()
    {
        ["email"] = Channel.CreateBounded<bool>(new BoundedChannelOptions(1) { FullMode = BoundedChannelFullMode.DropWrite }),
        ["webhook"] = Channel.CreateBounded<bool>(new BoundedChannelOptions(1) { FullMode = BoundedChannelFullMode.DropWrite }),
    };

    public DeliveryQueue(Database database)
    {
        _database = database;
        database.Committed += sql =>
        {
            if (!sql.HasQueuedDelivery) return;
            foreach (var signal in _signals.Values) signal.Writer.TryWrite(true);
        };
    }

    public List<DueDelivery> FindDue(bool mail, DateTimeOffset now, int limit) => _database.Read(sql => sql.List(
        $"""
        SELECT d.id, d.kind, d.subscriber, COALESCE(d.address, s.address), d.body, d.attempts, n.type, n.incident, n.subject, n.text, n.json
        FROM delivery d LEFT JOIN notice n ON n.id = d.notice LEFT JOIN subscriber s ON s.id = d.subscriber
        WHERE d.state = 'pending' AND (d.kind = 'email') = {mail} AND d.next_at <= {now} AND (d.subscriber IS NULL OR s.state = 'active' OR d.kind = 'challenge')
        ORDER BY d.created_at, d.id LIMIT {limit}
        """,
        row => new DueDelivery(
            row.Text(0), row.Text(1), row.NullableText(2), row.NullableText(3), row.NullableText(4), row.Int(5), row.NullableText(6), row.NullableText(7),
            row.NullableText(8), row.NullableText(9), row.NullableText(10))));

    /// <summary>Waits until something new was posted or <paramref name="limit"/> has passed, when older ones may be due again.</summary>
    public async Task WaitForWorkAsync(bool mail, TimeSpan limit, TimeProvider time, CancellationToken cancellationToken)
    {
        var signal = _signals[mail ? "email" : "webhook"].Reader;
        using var timeout = new CancellationTokenSource(limit, time);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(timeout.Token, cancellationToken);
        try
        {
            await signal.ReadAsync(either.Token);
        }
        catch (OperationCanceledException) when (!cancellationToken.IsCancellationRequested)
        {
            // Time to look again.
        }
    }

    /// <summary>Notes an attempt and what becomes of the delivery.</summary>
    /// <param name="next">When it is tried again; null ends it.</param>
    public static void RecordAttempt(Sql sql, DueDelivery due, DateTimeOffset at, string outcome, string? detail, double ms, DateTimeOffset? next, bool sent)
    {
        sql.Execute($"INSERT INTO attempt (delivery, at, outcome, detail, ms) VALUES ({due.Id}, {at}, {outcome}, {detail}, {ms})");
        var state = sent ? "sent" : next is null ? "failed" : "pending";
        sql.Execute($"""
            UPDATE delivery SET attempts = attempts + 1, state = {state}, next_at = {next ?? at}, done_at = {(state == "pending" ? null : at)},
                body = CASE WHEN {state} = 'pending' OR kind = 'challenge' THEN body END
            WHERE id = {due.Id}
            """);
    }
}
