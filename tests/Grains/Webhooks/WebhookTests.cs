using System.Globalization;
using Podflare.Audit;
using Podflare.Feed;
using Podflare.Harness;
using Podflare.Stores;

namespace Podflare.Webhooks;

public sealed class WebhookTests
{
    private static readonly AuditOrigin Someone = new(AuditActor.Key("key_000000000000000000000001", GrainCluster.Tenant), null, null);

    [Fact]
    public async Task A_receiver_gets_signed_events_in_their_order()
    {
        await using var receiver = new Receiver();
        await using var cluster = await StartAsync();
        var (webhook, secret) = await CreateAsync(cluster, receiver, "sandbox.*", "run.ended");
        var sandbox = await cluster.CreateAsync();
        await (await sandbox.StartRunAsync(program => program.Exit(0))).ReadToEndAsync();
        await sandbox.DeleteAsync();

        await Until.TrueAsync(() => receiver.Calls.Count >= 3);

        Assert.Equal(["sandbox.created", "run.ended", "sandbox.ended"], receiver.Calls.Select(call => call.Type));
        Assert.Equal(receiver.Calls.Select(call => call.Seq).Order(), receiver.Calls.Select(call => call.Seq));
        foreach (var call in receiver.Calls)
        {
            var at = DateTimeOffset.FromUnixTimeSeconds(long.Parse(call.Timestamp, CultureInfo.InvariantCulture));
            Assert.Equal(WebhookSignature.Sign(call.Id, at, call.Body, secret), call.Signature);
        }

        var deliveries = await Grain(cluster, webhook).Deliveries();
        Assert.Equal(receiver.Calls.Select(call => call.Id).Reverse(), deliveries.Select(delivery => delivery.EventId));
        Assert.All(deliveries, delivery => Assert.Equal((DeliveryState.Delivered, "204"), (delivery.State, Assert.Single(delivery.Attempts).Outcome)));
    }

    [Fact]
    public async Task A_worker_that_dies_during_a_call_loses_no_delivery()
    {
        await using var receiver = new Receiver { Status = 0 };
        await using var cluster = await StartAsync(workers: 2);
        var (webhook, _) = await CreateAsync(cluster, receiver, "sandbox.created");
        var sandbox = await cluster.CreateAsync();
        await Until.TrueAsync(() => receiver.Calls.Count == 1);
        var owner = await OwnerOfAsync(cluster, webhook);

        await owner.KillAsync();
        receiver.Status = 204;
        await owner.StartAsync();
        await cluster.WaitForHostsAsync();
        await cluster.Clock.AdvanceUntilAsync(() => Task.FromResult(receiver.Accepted.Count > 0), TimeSpan.FromSeconds(5), TimeSpan.FromMinutes(10));

        Assert.Equal(sandbox.Id.Value, receiver.Accepted[0].Json.GetProperty("data").GetProperty("sandbox_id").GetString());
        Assert.Single(receiver.Calls.Select(call => call.Id).Distinct());
    }

    [Fact]
    public async Task Events_that_come_while_no_worker_of_the_webhook_lives_are_delivered_afterwards()
    {
        await using var receiver = new Receiver();
        await using var cluster = await StartAsync(workers: 2);
        var (webhook, _) = await CreateAsync(cluster, receiver, "sandbox.*");
        var owner = await OwnerOfAsync(cluster, webhook);
        await owner.KillAsync();
        await cluster.Feed.CallAsync(FeedOperation.Append, GrainCluster.Tenant, log => log.AppendAsync(
            GrainCluster.Tenant,
            [.. Enumerable.Range(0, 150).Select(i => FeedEvent.Of(FeedEventType.SandboxCreated, DateTimeOffset.UnixEpoch, Sandboxes.SandboxId.Parse($"sbx_00000001{i:x24}", null), null, "{}"))],
            CancellationToken.None));

        await owner.StartAsync();
        await cluster.WaitForHostsAsync();
        await cluster.Clock.AdvanceUntilAsync(() => Task.FromResult(receiver.Calls.Count >= 150), TimeSpan.FromSeconds(5), TimeSpan.FromMinutes(10));

        Assert.Equal(150, receiver.Calls.Select(call => call.Id).Distinct().Count());
        Assert.Equal(receiver.Calls.Select(call => call.Seq).Order(), receiver.Calls.Select(call => call.Seq));
    }

    [Fact]
    public async Task A_receiver_that_was_away_for_an_hour_gets_every_event_once()
    {
        await using var receiver = new Receiver { Status = 500 };
        await using var cluster = await StartAsync();
        var (webhook, _) = await CreateAsync(cluster, receiver, "sandbox.*");
        var sandboxes = new List<TestSandbox>();
        for (var i = 0; i < 5; i++) sandboxes.Add(await cluster.CreateAsync());
        await Until.TrueAsync(() => receiver.Calls.Count >= 5);
        foreach (var sandbox in sandboxes) await sandbox.DeleteAsync();
        await Until.TrueAsync(async () => (await Grain(cluster, webhook).Get()).Pending == 10);
        for (var minute = 0; minute < 60; minute++) cluster.Clock.Advance(TimeSpan.FromMinutes(1));
        Assert.Empty(receiver.Accepted);

        receiver.Status = 200;
        await cluster.Clock.AdvanceUntilAsync(() => Task.FromResult(receiver.Accepted.Count >= 10), TimeSpan.FromMinutes(1), TimeSpan.FromHours(6));

        await Until.TrueAsync(async () => (await Grain(cluster, webhook).Get()).Pending == 0);
        Assert.Equal(10, receiver.Accepted.Select(call => call.Id).Distinct().Count());
        Assert.Equal(10, receiver.Accepted.Count);
        Assert.Equal(WebhookState.Active, (await Grain(cluster, webhook).Get()).State);
    }

    [Fact]
    public async Task A_receiver_that_is_gone_is_disabled_and_gets_what_it_missed_when_it_is_enabled()
    {
        await using var receiver = new Receiver { Status = 410 };
        await using var cluster = await StartAsync();
        var (webhook, _) = await CreateAsync(cluster, receiver, "sandbox.*");
        await cluster.CreateAsync();
        await Until.TrueAsync(async () => (await Grain(cluster, webhook).Get()).State is WebhookState.Disabled);
        Assert.Equal("it answered 410 Gone", (await Grain(cluster, webhook).Get()).DisabledBecause);
        await Assert.ThrowsAsync<WebhookDisabledException>(() => Grain(cluster, webhook).Test());
        var second = await cluster.CreateAsync();
        await Until.TrueAsync(async () => (await cluster.Feed.EntriesAsync(second.Id.Value)).Count == 1);

        receiver.Status = 200;
        await Grain(cluster, webhook).Update(new WebhookUpdate { State = WebhookState.Active }, Someone);

        await Until.TrueAsync(() => receiver.Accepted.Count == 1);
        Assert.Equal(second.Id.Value, receiver.Accepted[0].Json.GetProperty("data").GetProperty("sandbox_id").GetString());
    }

    [Fact]
    public async Task Tests_replays_rotations_and_limits_do_what_they_say()
    {
        await using var receiver = new Receiver();
        await using var cluster = await StartAsync(settings => settings["Podflare:Webhooks:PerTenant"] = "2");
        var (webhook, first) = await CreateAsync(cluster, receiver, "sandbox.created");
        var grain = Grain(cluster, webhook);
        await grain.Test();
        await Until.TrueAsync(() => receiver.Calls.Count == 1);
        Assert.Equal("webhook.test", receiver.Calls.Single().Type);
        await cluster.CreateAsync();
        await Until.TrueAsync(() => receiver.Calls.Count == 2);
        var delivered = receiver.Calls.Last();

        var second = (await grain.Rotate(Someone)).Secret;
        await Until.TrueAsync(async () => (await grain.Deliveries()).Length == 2);
        await grain.Replay(delivered.Seq);
        await Until.TrueAsync(() => receiver.Calls.Count == 3);

        var replayed = receiver.Calls.Last();
        Assert.Equal((delivered.Id, delivered.Body), (replayed.Id, replayed.Body));
        var at = DateTimeOffset.FromUnixTimeSeconds(long.Parse(replayed.Timestamp, CultureInfo.InvariantCulture));
        Assert.Equal(WebhookSignature.Sign(replayed.Id, at, replayed.Body, second, first), replayed.Signature);
        await Assert.ThrowsAsync<DeliveryNotFoundException>(() => grain.Replay(delivered.Seq + 7));
        var list = cluster.Grains.GetGrain<IWebhookListGrain>(GrainCluster.Tenant.Value);
        await Assert.ThrowsAsync<WebhookAddressException>(() => list.Create(new WebhookSpec("http://10.0.0.1/", ["*"]), Someone));
        await CreateAsync(cluster, receiver, "*");
        await Assert.ThrowsAsync<WebhookQuotaExceededException>(() => list.Create(new WebhookSpec(receiver.Url, ["*"]), Someone));
        await list.Delete(webhook, Someone);
        await Assert.ThrowsAsync<WebhookNotFoundException>(() => grain.Get());
        await Assert.ThrowsAsync<WebhookNotFoundException>(() => list.Delete(webhook, Someone));
        Assert.Single(await list.List());
        await Until.TrueAsync(async () => (await cluster.Audit.EntriesAboutAsync(webhook.Value)).Count == 3);
    }

    private static Task<GrainCluster> StartAsync(Action<ClusterSettings> configure) => StartAsync(1, configure);

    private static Task<GrainCluster> StartAsync(int workers = 1, Action<ClusterSettings>? configure = null) => GrainCluster.StartAsync(workers, configure: settings =>
    {
        (settings["Podflare:Webhooks:AllowHttp"], settings["Podflare:Webhooks:AllowedAddresses"]) = ("true", "127.0.0.1");
        configure?.Invoke(settings);
    });

    private static async Task<(WebhookId Id, string Secret)> CreateAsync(GrainCluster cluster, Receiver receiver, params string[] events)
    {
        var created = await cluster.Grains.GetGrain<IWebhookListGrain>(GrainCluster.Tenant.Value).Create(new WebhookSpec(receiver.Url, [.. events]), Someone);
        return (created.Webhook.Id, created.Secret);
    }

    private static IWebhookGrain Grain(GrainCluster cluster, WebhookId id) => cluster.Grains.GetGrain<IWebhookGrain>(WebhookKey.Of(GrainCluster.Tenant, id));

    private static async Task<TestSilo> OwnerOfAsync(GrainCluster cluster, WebhookId id)
    {
        var address = await cluster.Grains.GetGrain<Orleans.Runtime.IManagementGrain>(0).GetActivationAddress(Grain(cluster, id));
        return cluster.Workers.Single(worker => worker.Address.Equals(address));
    }
}
