using System.Security.Cryptography;
using Microsoft.Extensions.Options;
using Podflare.Components;
using Podflare.Configuration;
using Podflare.Storage;
using Podflare.Webhooks;

namespace Podflare.Subscribers;

/// <summary>Creates, changes and deletes subscriptions.</summary>
internal sealed class Subscriptions(
    Database database, SubscriptionTokens tokens, PublicAddress address, IOptions<MailOptions> mail, IOptions<WebhookOptions> webhooks, TimeProvider time)
{
    private static readonly TimeSpan Rotation = TimeSpan.FromHours(24);

    /// <summary>Queues a confirmation mail, or does nothing if a limit is reached. Known and unknown addresses are treated alike.</summary>
    public Task RequestConfirmationAsync(string to, SubscriptionFilter filter, CancellationToken cancellationToken) => database.WriteAsync(
        sql =>
        {
            var now = time.GetUtcNow();
            var toAddress = sql.Number($"SELECT COUNT(*) FROM confirmation WHERE address = {NormalizeKey(to)} AND created_at > {now.AddDays(-1)}");
            var toAll = sql.Number($"SELECT COUNT(*) FROM confirmation WHERE created_at > {now.AddHours(-1)}");
            if (toAddress >= mail.Value.ConfirmationsPerAddress || toAll >= mail.Value.ConfirmationsPerHour) return;
            var (token, hash) = SubscriptionTokens.Create();
            sql.Execute($"""
                INSERT INTO confirmation (hash, address, components, incidents, maintenance, created_at, expires_at)
                VALUES ({hash}, {NormalizeKey(to)}, {string.Join(',', filter.Components)}, {filter.Incidents}, {filter.Maintenance}, {now},
                    {now.AddHours(mail.Value.ConfirmationHours)})
                """);
            // The link is stored only until the server has accepted the mail.
            sql.Execute($"""
                INSERT INTO delivery (id, kind, address, body, state, attempts, next_at, created_at)
                VALUES ({Ids.New("dlv")}, 'email', {to}, {$"{address.Url}/confirm?t={token}"}, 'pending', 0, {now}, {now})
                """);
            sql.MarkDeliveryQueued();
        },
        cancellationToken);

    public bool IsConfirmable(string? token) => IsPlausible(token) && database.Read(sql =>
        sql.Number($"SELECT COUNT(*) FROM confirmation WHERE hash = {SubscriptionTokens.Hash(token!)} AND used_at IS NULL AND expires_at > {time.GetUtcNow()}") == 1);

    /// <summary>Redeems a confirmation token.</summary>
    /// <returns>The subscriber, or null if the token is unknown, used or expired.</returns>
    public async Task<Subscriber?> ConfirmAsync(string? token, CancellationToken cancellationToken) => !IsPlausible(token) ? null : await database.WriteAsync(
        sql =>
        {
            var now = time.GetUtcNow();
            var hash = SubscriptionTokens.Hash(token!);
            if (sql.Execute($"UPDATE confirmation SET used_at = {now} WHERE hash = {hash} AND used_at IS NULL AND expires_at > {now}") == 0) return null;
            var (to, filter) = sql.First(
                $"SELECT address, components, incidents, maintenance FROM confirmation WHERE hash = {hash}",
                row => (row.Text(0), new SubscriptionFilter(row.Text(1).Split(',', StringSplitOptions.RemoveEmptyEntries), row.Flag(2), row.Flag(3))));
            sql.Execute($"""
                INSERT INTO subscriber (id, kind, address, state, incidents, maintenance, created_at)
                VALUES ({Ids.New("sub")}, 'email', {to}, 'active', 0, 0, {now})
                ON CONFLICT (address) WHERE kind = 'email' DO UPDATE SET state = 'active', refusals = 0, disabled_because = NULL
                """);
            var id = sql.First($"SELECT id FROM subscriber WHERE kind = 'email' AND address = {to}", row => row.Text(0))!;
            ApplyFilter(sql, id, filter);
            return Subscriber.Find(sql, id);
        },
        cancellationToken);

    /// <summary>Deletes a subscriber and its deliveries. Does nothing if it does not exist.</summary>
    public Task RemoveAsync(string id, CancellationToken cancellationToken) => database.WriteAsync(sql => Remove(sql, id), cancellationToken);

    public static bool Remove(Sql sql, string id)
    {
        sql.Execute($"DELETE FROM attempt WHERE delivery IN (SELECT id FROM delivery WHERE subscriber = {id})");
        sql.Execute($"DELETE FROM delivery WHERE subscriber = {id}");
        sql.Execute($"DELETE FROM subscriber_component WHERE subscriber = {id}");
        return sql.Execute($"DELETE FROM subscriber WHERE id = {id}") > 0;
    }

    public Subscriber? Find(string id) => database.Read(sql => Subscriber.Find(sql, id));

    public Task UpdateFilterAsync(string id, SubscriptionFilter filter, CancellationToken cancellationToken) => database.WriteAsync(
        sql =>
        {
            if (Subscriber.Find(sql, id) is not null) ApplyFilter(sql, id, filter);
        },
        cancellationToken);

    /// <summary>Adds a webhook that becomes active when it echoes a challenge.</summary>
    /// <returns>The id and the secret, or null if a limit is reached.</returns>
    public Task<(string Id, string Secret)?> AddWebhookAsync(Uri uri, SubscriptionFilter filter, CancellationToken cancellationToken) => database.WriteAsync<(string, string)?>(
        sql =>
        {
            var now = time.GetUtcNow();
            var host = uri.IdnHost + ":" + uri.Port.ToString(System.Globalization.CultureInfo.InvariantCulture);
            var recent = sql.List($"SELECT address FROM subscriber WHERE kind = 'webhook' AND created_at > {now.AddHours(-1)}", row => new Uri(row.Text(0)))
                .Count(u => $"{u.IdnHost}:{u.Port}" == host);
            if (recent >= webhooks.Value.PerHost || sql.Number($"SELECT COUNT(*) FROM subscriber WHERE kind = 'webhook'") >= webhooks.Value.MaxWebhooks) return null;
            var (id, secret) = (Ids.New("sub"), WebhookSignature.NewSecret());
            sql.Execute($"""
                INSERT INTO subscriber (id, kind, address, state, incidents, maintenance, created_at, secret)
                VALUES ({id}, 'webhook', {uri.AbsoluteUri}, 'pending', 0, 0, {now}, {secret})
                """);
            ApplyFilter(sql, id, filter);
            QueueChallenge(sql, id, now);
            return (id, secret);
        },
        cancellationToken);

    /// <summary>Sends the challenge again to a webhook that is not active.</summary>
    public Task ChallengeAsync(string id, CancellationToken cancellationToken) => database.WriteAsync(
        sql =>
        {
            if (Subscriber.Find(sql, id) is not { IsMail: false, State: not "active" }) return;
            if (sql.Number($"SELECT COUNT(*) FROM delivery WHERE subscriber = {id} AND kind = 'challenge' AND created_at > {time.GetUtcNow().AddHours(-1)}") >= 5) return;
            sql.Execute($"DELETE FROM delivery WHERE subscriber = {id} AND kind = 'challenge' AND state = 'pending'");
            QueueChallenge(sql, id, time.GetUtcNow());
        },
        cancellationToken);

    /// <summary>Creates a new secret. For a day, calls are signed with the old one as well.</summary>
    public Task<string?> RotateAsync(string id, CancellationToken cancellationToken) => database.WriteAsync<string?>(
        sql =>
        {
            var secret = WebhookSignature.NewSecret();
            var done = sql.Execute($"""
                UPDATE subscriber SET old_secret = secret, old_secret_until = {time.GetUtcNow() + Rotation}, secret = {secret} WHERE id = {id} AND kind = 'webhook'
                """);
            return done > 0 ? secret : null;
        },
        cancellationToken);

    /// <summary>Queues a finished delivery again, with the same id.</summary>
    public static bool Replay(Sql sql, string delivery, string? subscriber, DateTimeOffset now)
    {
        var done = sql.Execute($"""
            UPDATE delivery SET state = 'pending', attempts = 0, next_at = {now}, done_at = NULL
            WHERE id = {delivery} AND notice IS NOT NULL AND state <> 'pending' AND ({subscriber} IS NULL OR subscriber = {subscriber})
            """);
        if (done > 0) sql.MarkDeliveryQueued();
        return done > 0;
    }

    public List<DeliveryLogEntry> Deliveries(string subscriber) => database.Read(sql => DeliveryLogEntry.Newest(sql, subscriber, null, 50));

    public Task<bool> ReplayAsync(string delivery, string subscriber, CancellationToken cancellationToken) =>
        database.WriteAsync(sql => Replay(sql, delivery, subscriber, time.GetUtcNow()), cancellationToken);

    private static void QueueChallenge(Sql sql, string id, DateTimeOffset now)
    {
        sql.Execute($"""
            INSERT INTO delivery (id, kind, subscriber, body, state, attempts, next_at, created_at)
            VALUES ({Ids.New("dlv")}, 'challenge', {id}, {RandomNumberGenerator.GetHexString(32, lowercase: true)}, 'pending', 0, {now}, {now})
            """);
        sql.MarkDeliveryQueued();
    }

    private static void ApplyFilter(Sql sql, string id, SubscriptionFilter filter)
    {
        sql.Execute($"UPDATE subscriber SET incidents = {filter.Incidents}, maintenance = {filter.Maintenance} WHERE id = {id}");
        sql.Execute($"DELETE FROM subscriber_component WHERE subscriber = {id}");
        foreach (var component in filter.Components) sql.Execute($"INSERT OR IGNORE INTO subscriber_component (subscriber, component) VALUES ({id}, {component})");
    }

    /// <summary>The link to the page on which a subscriber can view and change the subscription.</summary>
    public string ManageLink(string id) => $"{address.Url}/manage?t={tokens.Manage(id)}";

    public string UnsubscribeLink(string id) => $"{address.Url}/unsubscribe?t={tokens.Unsubscribe(id)}";

    private static bool IsPlausible(string? token) => token is { Length: > 0 and <= 100 };

    // Upper and lower case in the local part are taken for the same person.
    private static string NormalizeKey(string to) => to.ToLowerInvariant();
}
