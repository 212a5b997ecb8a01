using System.Text.Json;
using Podflare.Feed;
using Podflare.Harness;
using Podflare.Runs;
using Podflare.Stores;

namespace Podflare.Sandboxes;

public sealed class FeedTests
{
    [Fact]
    public async Task The_life_of_a_sandbox_is_in_the_feed_in_the_order_of_the_facts()
    {
        await using var cluster = await GrainCluster.StartAsync();
        var sandbox = await cluster.CreateAsync(spec => spec with { Metadata = spec.Metadata.Add("job", "7"), Env = spec.Env.Add("secret", "variable") });
        var run = await sandbox.StartRunAsync(program => program.Print("secret\n").Exit(3));
        await run.ReadToEndAsync();
        await Until.TrueAsync(async () => (await cluster.Feed.EntriesAsync(sandbox.Id.Value)).Count >= 3);

        await sandbox.DeleteAsync();

        var entries = await cluster.Feed.EntriesAsync(sandbox.Id.Value);
        Assert.Equal(["sandbox.created", "run.started", "run.ended", "sandbox.ended"], entries.Select(entry => entry.Type));
        var ended = JsonElement.Parse(entries[2].Json);
        Assert.Equal((run.Id.Value, 3), (ended.GetProperty("run_id").GetString(), ended.GetProperty("data").GetProperty("exit_code").GetInt32()));
        Assert.Equal("""{"template":"default","metadata":{"job":"7"}}""", JsonElement.Parse(entries[0].Json).GetProperty("data").GetRawText());
        Assert.Equal("""{"reason":"deleted"}""", JsonElement.Parse(entries[3].Json).GetProperty("data").GetRawText());
        Assert.DoesNotContain("secret", string.Concat(entries.Select(entry => entry.Json)), StringComparison.Ordinal);
        Assert.Equal(Enumerable.Range(1, 4), entries.Select(entry => (int)(entry.Seq - entries[0].Seq) + 1));
    }

    [Fact]
    public async Task What_a_worker_takes_with_it_is_told_again_and_nothing_twice()
    {
        await using var cluster = await GrainCluster.StartAsync(workers: 2);
        var sandbox = await cluster.CreateAsync();
        await Until.TrueAsync(async () => (await cluster.Feed.EntriesAsync(sandbox.Id.Value)).Count == 1);
        var worker = sandbox.Worker;
        using var away = cluster.Feed.Fail(FeedOperation.Append);
        var run = await sandbox.StartRunAsync(program => program.Print("a\n").Exit(0));
        await run.ReadToEndAsync();
        await Until.TrueAsync(() => away.Hits > 0);

        await worker.KillAsync();
        away.Dispose();
        await worker.StartAsync();
        await cluster.WaitForHostsAsync();

        await Until.TrueAsync(async () => (await TypesAsync(cluster, sandbox)).Contains("run.ended"));
        await sandbox.DeleteAsync();
        Assert.Equal(["sandbox.created", "run.ended", "sandbox.ended"], await TypesAsync(cluster, sandbox));
    }

    [Fact]
    public async Task A_sandbox_is_not_over_before_its_end_and_those_of_its_runs_are_told()
    {
        await using var cluster = await GrainCluster.StartAsync(workers: 2);
        var sandbox = await cluster.CreateAsync();
        var gate = new Guests.Gate();
        var run = await sandbox.StartRunAsync(program => program.Wait(gate));
        using var away = cluster.Feed.Fail(FeedOperation.Append);
        var deleting = sandbox.Grain.Delete(GrainCluster.Tenant);
        await Until.TrueAsync(() => away.Hits > 2);
        Assert.False(deleting.IsCompleted);

        var worker = sandbox.Worker;
        await worker.KillAsync();
        away.Dispose();
        await worker.StartAsync();
        await cluster.WaitForHostsAsync();

        await Until.TrueAsync(async () => (await TypesAsync(cluster, sandbox)).Contains("sandbox.ended"));
        var types = await TypesAsync(cluster, sandbox);
        Assert.Equal(["sandbox.created", "run.ended", "sandbox.ended"], types.Where(type => type != "run.started"));
        await Assert.ThrowsAnyAsync<Exception>(() => deleting);
        Assert.Equal(ExitReason.Killed, (await run.GetAsync()).Reason);
    }

    [Fact]
    public async Task A_reader_waits_for_the_next_event_and_gets_pages_and_filters()
    {
        await using var cluster = await GrainCluster.StartAsync();
        var feed = cluster.Grains.GetGrain<IFeedGrain>(GrainCluster.Tenant.Value);
        var start = (await ReadAsync(feed, new FeedQuery())).NextAfter;
        var waiting = ReadAsync(feed, new FeedQuery(start, Wait: TimeSpan.FromSeconds(10)));

        var (first, second) = (await cluster.CreateAsync(), await cluster.CreateAsync());

        Assert.Equal(first.Id.Value, Assert.Single((await waiting).Events, entry => entry.Sandbox == first.Id.Value).Sandbox);
        await first.DeleteAsync();
        await second.DeleteAsync();
        Assert.Equal(2, (await ReadAsync(feed, new FeedQuery(start, Types: ["sandbox.ended"]))).Events.Length);
        Assert.Equal(["sandbox.created", "sandbox.ended"], (await ReadAsync(feed, new FeedQuery(start, Sandbox: second.Id))).Events.Select(entry => entry.Type));
        var page = await ReadAsync(feed, new FeedQuery(start, Limit: 3));
        Assert.Equal((3, 1), (page.Events.Length, (await ReadAsync(feed, new FeedQuery(page.NextAfter))).Events.Length));
        await Assert.ThrowsAsync<EventsEvictedException>(() => ReadAsync(feed, new FeedQuery(start + 1_000)));
        await Assert.ThrowsAsync<EventsEvictedException>(() => ReadAsync(feed, new FeedQuery(1)));
    }

    private static Task<FeedPage> ReadAsync(IFeedGrain feed, FeedQuery query) => feed.Read(query, TestContext.Current.CancellationToken);

    private static async Task<string[]> TypesAsync(GrainCluster cluster, TestSandbox sandbox) =>
        [.. (await cluster.Feed.EntriesAsync(sandbox.Id.Value)).Select(entry => entry.Type)];
}
