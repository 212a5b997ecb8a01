using System.Globalization;
using System.Net.Sockets;
using System.Text;
using Microsoft.Extensions.Options;
using Podflare.Probes;
using Podflare.Serialization;
using Podflare.Storage;

namespace Podflare.Subscribers;

/// <summary>Calls webhooks by the schedule of Standard Webhooks, and logs each attempt.</summary>
internal sealed class WebhookSender : BackgroundService
{
    private const int Batch = 64;
    private const int MaxAtOnce = 8;
    private const int MaxAnswerBytes = 64 * 1024;

    // It may be the address of somebody who asked for nothing: tried a few times, not for two days.
    private const int ChallengeAttempts = 3;

    private static readonly TimeSpan PollInterval = TimeSpan.FromSeconds(1);

    private readonly Database _database;
    private readonly DeliveryQueue _queue;
    private readonly WebhookOptions _options;
    private readonly TimeProvider _time;
    private readonly HttpClient _http;

    public WebhookSender(Database database, DeliveryQueue queue, AddressGuard guard, IOptions<WebhookOptions> options, TimeProvider time)
    {
        _database = database;
        _queue = queue;
        _options = options.Value;
        _time = time;
        var handler = new SocketsHttpHandler
        {
            ConnectCallback = guard.ConnectAsync,
            AllowAutoRedirect = false,
            UseProxy = false,
            UseCookies = false,
            MaxResponseHeadersLength = 16,
            // So that a name is resolved and checked again for each delivery.
            PooledConnectionLifetime = TimeSpan.FromSeconds(1),
        };
        _http = new HttpClient(handler) { Timeout = Timeout.InfiniteTimeSpan };
        _http.DefaultRequestHeaders.UserAgent.ParseAdd("podflare-status/1");
    }

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        while (!stoppingToken.IsCancellationRequested)
        {
            var due = _queue.FindDue(mail: false, _time.GetUtcNow(), Batch);
            // In order for each receiver, and a slow one holds up only itself.
            var limits = new ParallelOptions { MaxDegreeOfParallelism = MaxAtOnce, CancellationToken = stoppingToken };
            await Parallel.ForEachAsync(due.GroupBy(d => d.Subscriber), limits, async (own, cancellationToken) =>
            {
                foreach (var one in own)
                {
                    if (!await SendAsync(one, cancellationToken)) break;
                }
            });
            if (due.Count < Batch) await _queue.WaitForWorkAsync(mail: false, PollInterval, _time, stoppingToken);
        }
    }

    /// <returns>Whether the next one of the same receiver may follow at once.</returns>
    private async Task<bool> SendAsync(DueDelivery due, CancellationToken cancellationToken)
    {
        if (_database.Read(sql => Subscriber.Find(sql, due.Subscriber!)) is not { } subscriber) return false;
        // A challenge is what makes it active, for the first time or again.
        if (subscriber.State != "active" && due.Kind != "challenge") return false;
        var now = _time.GetUtcNow();
        var body = due.Kind == "challenge"
            ? StatusJson.Text(new { type = "webhook.challenge", timestamp = now, data = new { challenge = due.Body } })
            : due.Json!;
        var began = _time.GetTimestamp();
        var (result, outcome, detail, pause) = await PostAsync(subscriber, due, body, now, cancellationToken);
        var ms = _time.GetElapsedTime(began).TotalMilliseconds;
        await _database.WriteAsync(sql => RecordResult(sql, subscriber, due, result, outcome, detail, ms, pause), CancellationToken.None);
        return result == WebhookResult.Success;
    }

    private async Task<(WebhookResult End, string Outcome, string? Detail, TimeSpan? Pause)> PostAsync(
        Subscriber subscriber, DueDelivery due, string body, DateTimeOffset now, CancellationToken cancellationToken)
    {
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        limit.CancelAfter(TimeSpan.FromSeconds(_options.TimeoutSeconds));
        using var request = new HttpRequestMessage(HttpMethod.Post, subscriber.Address) { Content = new StringContent(body, Encoding.UTF8, "application/json") };
        var id = "msg_" + due.Id["dlv_".Length..];
        string[] secrets = subscriber.OldSecret is { } old && subscriber.OldSecretUntil > now ? [subscriber.Secret!, old] : [subscriber.Secret!];
        request.Headers.Add("webhook-id", id);
        request.Headers.Add("webhook-timestamp", now.ToUnixTimeSeconds().ToString(CultureInfo.InvariantCulture));
        request.Headers.Add("webhook-signature", WebhookSignature.Sign(id, now, body, secrets));
        try
        {
            using var response = await _http.SendAsync(request, HttpCompletionOption.ResponseHeadersRead, limit.Token);
            var answer = await ReadAsync(response, limit.Token);
            var status = (int)response.StatusCode;
            var result = WebhookRetryPolicy.Of(status);
            if (result == WebhookResult.Success && due.Kind == "challenge" && !answer.Contains(due.Body!, StringComparison.Ordinal))
                return (WebhookResult.Failure, "no_echo", "the answer does not hold the challenge", null);
            var retryAfter = response.Headers.RetryAfter;
            return (result, status.ToString(CultureInfo.InvariantCulture), null, retryAfter?.Delta ?? retryAfter?.Date - now);
        }
        catch (OperationCanceledException) when (!cancellationToken.IsCancellationRequested)
        {
            return (WebhookResult.Failure, "timeout", null, null);
        }
        catch (Exception e) when (e is HttpRequestException or IOException or SocketException)
        {
            // Which inner address a name has, or what listens there, is not told to whoever entered it.
            var refused = e is AddressNotAllowedException || e.InnerException is AddressNotAllowedException;
            return (WebhookResult.Failure, refused ? "address_refused" : "connect", null, null);
        }
    }

    private static async Task<string> ReadAsync(HttpResponseMessage response, CancellationToken cancellationToken)
    {
        var buffer = new byte[MaxAnswerBytes];
        using var stream = await response.Content.ReadAsStreamAsync(cancellationToken);
        var read = await stream.ReadAtLeastAsync(buffer, buffer.Length, throwOnEndOfStream: false, cancellationToken);
        return Encoding.UTF8.GetString(buffer, 0, read);
    }

    private void RecordResult(Sql sql, Subscriber subscriber, DueDelivery due, WebhookResult result, string outcome, string? detail, double ms, TimeSpan? retryAfter)
    {
        var now = _time.GetUtcNow();
        var next = WebhookRetryPolicy.Next(_options.Schedule, due.Attempts + 1, now, Random.Shared.NextDouble());
        var pausedUntil = now + WebhookRetryPolicy.Pause(retryAfter);
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
    }

    private static void Disable(Sql sql, Subscriber subscriber, string because)
    {
        sql.Execute($"UPDATE subscriber SET state = 'disabled', disabled_because = {because} WHERE id = {subscriber.Id}");
        sql.Execute($"UPDATE delivery SET state = 'failed' WHERE subscriber = {subscriber.Id} AND state = 'pending'");
    }

    public override void Dispose()
    {
        _http.Dispose();
        base.Dispose();
    }
}
