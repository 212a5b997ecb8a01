using Microsoft.Extensions.Options;
using Podflare.Background;
using Podflare.Probes;
using Podflare.Serialization;
using Podflare.Storage;
using Podflare.Webhooks;

namespace Podflare.Subscribers;

/// <summary>Calls webhooks on the retry schedule of Standard Webhooks, and logs each attempt.</summary>
/// <remarks>Each webhook is called by a task of its own, one call at a time and in order, so that a slow receiver delays only itself.</remarks>
internal sealed class WebhookSender : SupervisedService
{
    // The address may belong to somebody who did not ask for anything, so it is not called for days.
    private const int ChallengeAttempts = 3;

    private static readonly TimeSpan PollInterval = TimeSpan.FromSeconds(1);
    private static readonly TimeSpan FailureDelay = TimeSpan.FromSeconds(5);

    private readonly Database _database;
    private readonly DeliveryQueue _queue;
    private readonly WebhookOptions _options;
    private readonly TimeProvider _time;
    private readonly WebhookCaller _caller;

    public WebhookSender(Database database, DeliveryQueue queue, WebhookCaller caller, IOptions<WebhookOptions> options, Supervisor supervisor, TimeProvider time)
        : base("webhooks", supervisor)
    {
        _database = database;
        _queue = queue;
        _options = options.Value;
        _time = time;
        _caller = caller;
    }

    protected override async Task RunAsync(CancellationToken stoppingToken)
    {
        var running = new Dictionary<string, Task>();
        var lastTurn = new Dictionary<string, long>();
        try
        {
            while (!stoppingToken.IsCancellationRequested)
            {
                foreach (var webhook in running.Where(r => r.Value.IsCompleted).Select(r => r.Key).ToArray()) running.Remove(webhook);
                var due = _queue.FindDueWebhooks(_options.MaxWebhooks);
                // The webhook whose last turn is longest ago comes first.
                lastTurn = due.Where(lastTurn.ContainsKey).ToDictionary(w => w, w => lastTurn[w]);
                foreach (var webhook in due.Where(w => !running.ContainsKey(w)).OrderBy(w => lastTurn.GetValueOrDefault(w)).Take(_options.MaxConcurrent - running.Count))
                {
                    lastTurn[webhook] = _time.GetTimestamp();
                    running[webhook] = DeliverAsync(webhook, stoppingToken);
                }

                await _queue.WaitForWebhooksAsync(PollInterval, stoppingToken);
            }
        }
        finally
        {
            await Task.WhenAll(running.Values);
        }
    }

    /// <summary>Makes the waiting calls of one webhook until there are none, one fails, or the turn is over. Never throws.</summary>
    private async Task DeliverAsync(string webhook, CancellationToken cancellationToken)
    {
        var began = _time.GetTimestamp();
        try
        {
            await _queue.EnsureWritableAsync(cancellationToken);
            while (_time.GetElapsedTime(began).TotalSeconds < _options.TurnSeconds && _queue.FindDueCall(webhook) is { } due)
            {
                if (!await SendAsync(due, cancellationToken)) break;
            }
        }
        catch (OperationCanceledException) when (cancellationToken.IsCancellationRequested)
        {
            return;
        }
#pragma warning disable CA1031 // A failure with one webhook must not stop the others; it is logged and counted, and its call stays due.
        catch (Exception e)
#pragma warning restore CA1031
        {
            Supervisor.RecordFailure(TaskName, e);
            await Task.Delay(FailureDelay, _time, cancellationToken).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }

        _queue.SignalWebhooks();
    }

    /// <returns>Whether the next call of the same webhook may follow at once.</returns>
    private async Task<bool> SendAsync(DueDelivery due, CancellationToken cancellationToken)
    {
        if (_database.Read(sql => Subscriber.Find(sql, due.Subscriber!)) is not { } subscriber) return false;
        var now = _time.GetUtcNow();
        var body = due.Kind == "challenge"
            ? StatusJson.Text(new { type = "webhook.challenge", timestamp = now, data = new { challenge = due.Body } })
            : due.Json!;
        var began = _time.GetTimestamp();
        string[] secrets = subscriber.OldSecret is { } old && subscriber.OldSecretUntil > now ? [subscriber.Secret!, old] : [subscriber.Secret!];
        var call = new WebhookCall(subscriber.Address, "msg_" + due.Id["dlv_".Length..], now, body, secrets) { ExpectedEcho = due.Kind == "challenge" ? due.Body : null };
        var attempt = await _caller.CallAsync(call, cancellationToken);
        var ms = _time.GetElapsedTime(began).TotalMilliseconds;
        await _queue.RecordAsync(TaskName, sql => RecordResult(sql, subscriber, due, attempt, ms), cancellationToken);
        return attempt.Result == WebhookResult.Success;
    }

    private void RecordResult(Sql sql, Subscriber subscriber, DueDelivery due, WebhookAttempt attempt, double ms)
    {
        var (result, outcome, detail, retryAfter) = attempt;
        var now = _time.GetUtcNow();
        var next = WebhookRetryPolicy.NextAttempt(_options.Schedule, due.Attempts + 1, now, Random.Shared.NextDouble());
        var pausedUntil = now + WebhookRetryPolicy.ClampRetryAfter(retryAfter);
        if (result == WebhookResult.SlowDown && next < pausedUntil) next = pausedUntil;
        var challenge = due.Kind == "challenge";
        if (challenge && due.Attempts + 1 >= ChallengeAttempts) next = null;
        DeliveryQueue.RecordAttempt(sql, due, now, outcome, detail, ms, result is WebhookResult.Success or WebhookResult.Gone ? null : next, sent: result == WebhookResult.Success);
        switch (result)
        {
            case WebhookResult.Success when challenge:
                sql.Execute($"UPDATE subscriber SET state = 'active', disabled_because = NULL WHERE id = {subscriber.Id} AND state <> 'active'");
                break;
            case WebhookResult.Failure or WebhookResult.SlowDown when next is null:
                if (!challenge) Disable(sql, subscriber, "the last attempt of a delivery failed");
                break;
            case WebhookResult.SlowDown:
                sql.Execute($"UPDATE delivery SET next_at = {pausedUntil} WHERE subscriber = {subscriber.Id} AND state = 'pending' AND next_at < {pausedUntil}");
                break;
            case WebhookResult.Gone:
                Disable(sql, subscriber, "it answered 410 Gone");
                break;
        }

        if (sql.Number($"SELECT COUNT(*) FROM delivery WHERE subscriber = {subscriber.Id} AND state = 'pending'") > _options.MaxPending)
            Disable(sql, subscriber, $"more than {_options.MaxPending} calls were waiting for it");
    }

    private static void Disable(Sql sql, Subscriber subscriber, string because)
    {
        sql.Execute($"UPDATE subscriber SET state = 'disabled', disabled_because = {because} WHERE id = {subscriber.Id}");
        sql.Execute($"UPDATE delivery SET state = 'failed' WHERE subscriber = {subscriber.Id} AND state = 'pending'");
    }
}
