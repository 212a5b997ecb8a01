using System.Threading.Channels;
using Podflare.Background;
using Podflare.Storage;

namespace Podflare.Subscribers;

/// <summary>A delivery that is due, with everything that is needed to make it.</summary>
internal sealed record DueDelivery(
    string Id, string Kind, string? Subscriber, string? Address, string? Body, int Attempts, string? Type, string? Incident, string? Subject, string? Text, string? Json);

/// <summary>The deliveries that are stored in the file, so that a restart continues with them.</summary>
internal sealed class DeliveryQueue
{
    private static readonly TimeSpan MinRecordDelay = TimeSpan.FromSeconds(1);
    private static readonly TimeSpan MaxRecordDelay = TimeSpan.FromSeconds(15);

    private readonly Database _database;
    private readonly Supervisor _supervisor;
    private readonly TimeProvider _time;
    private readonly Channel<bool> _mailSignal = CreateSignal();
    private readonly Channel<bool> _webhookSignal = CreateSignal();

    public DeliveryQueue(Database database, Supervisor supervisor, TimeProvider time)
    {
        _database = database;
        _supervisor = supervisor;
        _time = time;
        database.Committed += sql =>
        {
            if (!sql.HasQueuedDelivery) return;
            _mailSignal.Writer.TryWrite(true);
            SignalWebhooks();
        };
    }

    /// <summary>Mails that are due. Confirmations come first, because somebody is waiting for them.</summary>
    public List<DueDelivery> FindDueMails(int limit) => _database.Read(sql => sql.List(
        $"""
        SELECT d.id, d.kind, d.subscriber, COALESCE(d.address, s.address), d.body, d.attempts, n.type, n.incident, n.subject, n.text, n.json
        FROM delivery d LEFT JOIN notice n ON n.id = d.notice LEFT JOIN subscriber s ON s.id = d.subscriber
        WHERE d.state = 'pending' AND d.kind = 'email' AND d.next_at <= {_time.GetUtcNow()} AND (d.subscriber IS NULL OR s.state = 'active')
        ORDER BY d.subscriber IS NOT NULL, d.created_at, d.id LIMIT {limit}
        """,
        Read));

    /// <summary>Webhooks with at least one call that is due, the longest waiting first.</summary>
    public List<string> FindDueWebhooks(int limit) => _database.Read(sql => sql.List(
        $"""
        SELECT d.subscriber FROM delivery d JOIN subscriber s ON s.id = d.subscriber
        WHERE d.state = 'pending' AND d.kind <> 'email' AND d.next_at <= {_time.GetUtcNow()} AND (s.state = 'active' OR d.kind = 'challenge')
        GROUP BY d.subscriber ORDER BY MIN(d.next_at), d.subscriber LIMIT {limit}
        """,
        row => row.Text(0)));

    /// <summary>The oldest call of a webhook that is due.</summary>
    public DueDelivery? FindDueCall(string webhook) => _database.Read(sql => sql.First(
        $"""
        SELECT d.id, d.kind, d.subscriber, s.address, d.body, d.attempts, n.type, n.incident, n.subject, n.text, n.json
        FROM delivery d JOIN subscriber s ON s.id = d.subscriber LEFT JOIN notice n ON n.id = d.notice
        WHERE d.subscriber = {webhook} AND d.state = 'pending' AND d.kind <> 'email' AND d.next_at <= {_time.GetUtcNow()} AND (s.state = 'active' OR d.kind = 'challenge')
        ORDER BY d.created_at, d.id LIMIT 1
        """,
        Read));

    public bool IsPending(string delivery) =>
        _database.Read(sql => sql.Number($"SELECT COUNT(*) FROM delivery WHERE id = {delivery} AND state = 'pending'")) > 0;

    /// <summary>Fails while the file cannot be written, so that nothing is sent whose result could not be recorded.</summary>
    /// <exception cref="Microsoft.Data.Sqlite.SqliteException">The disk is full, for example.</exception>
    public Task EnsureWritableAsync(CancellationToken cancellationToken) => _database.WriteAsync(
        sql => sql.Execute($"""
            INSERT INTO meta (name, value) VALUES ('delivery_check', {_time.GetUtcNow().ToUnixTimeMilliseconds()})
            ON CONFLICT (name) DO UPDATE SET value = excluded.value
            """),
        cancellationToken);

    /// <summary>
    /// Records the result of an attempt. While the file cannot be written, this waits and tries again: returning earlier would send the same message again.
    /// </summary>
    public async Task RecordAsync(string task, Action<Sql> record, CancellationToken cancellationToken)
    {
        var delay = MinRecordDelay;
        while (true)
        {
            try
            {
                await _database.WriteAsync(record, CancellationToken.None);
                return;
            }
            catch (Exception e) when (e is Microsoft.Data.Sqlite.SqliteException or IOException)
            {
                _supervisor.RecordFailure(task, e);
            }

            await Task.Delay(delay, _time, cancellationToken);
            delay = delay * 2 < MaxRecordDelay ? delay * 2 : MaxRecordDelay;
        }
    }

    public void SignalWebhooks() => _webhookSignal.Writer.TryWrite(true);

    public Task WaitForMailAsync(TimeSpan limit, CancellationToken cancellationToken) => WaitAsync(_mailSignal, limit, cancellationToken);

    public Task WaitForWebhooksAsync(TimeSpan limit, CancellationToken cancellationToken) => WaitAsync(_webhookSignal, limit, cancellationToken);

    /// <summary>Stores an attempt and the resulting state of the delivery.</summary>
    /// <param name="next">When it is tried again; null if this was the last attempt.</param>
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

    private static Channel<bool> CreateSignal() => Channel.CreateBounded<bool>(new BoundedChannelOptions(1) { FullMode = BoundedChannelFullMode.DropWrite });

    // Returns when something was queued, or after the limit, when a retry may be due.
    private async Task WaitAsync(Channel<bool> signal, TimeSpan limit, CancellationToken cancellationToken)
    {
        using var timeout = new CancellationTokenSource(limit, _time);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(timeout.Token, cancellationToken);
        try
        {
            await signal.Reader.ReadAsync(either.Token);
        }
        catch (OperationCanceledException) when (!cancellationToken.IsCancellationRequested)
        {
            // The limit has passed.
        }
    }

    private static DueDelivery Read(Row row) => new(
        row.Text(0), row.Text(1), row.NullableText(2), row.NullableText(3), row.NullableText(4), row.Int(5), row.NullableText(6), row.NullableText(7),
        row.NullableText(8), row.NullableText(9), row.NullableText(10));
}
