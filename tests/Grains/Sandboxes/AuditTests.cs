using System.Collections.Immutable;
using System.Text.Json;
using Podflare.Audit;
using Podflare.Harness;
using Podflare.Stores;

namespace Podflare.Sandboxes;

public sealed class AuditTests
{
    private static readonly AuditOrigin Someone = new(
        AuditActor.Key("key_000000000000000000000001", GrainCluster.Tenant), AuditSource.Of("203.0.113.7", "podflare/1.2"), "4bf92f3577b34da6a3ce929d0e0e4736");

    [Fact]
    public async Task Creating_and_deleting_a_sandbox_is_in_the_audit_log_with_actor_and_address()
    {
        await using var cluster = await GrainCluster.StartAsync();
        var sandbox = await cluster.CreateAsync(spec => spec with { Origin = Someone, Metadata = spec.Metadata.Add("secret", "metadata"), Env = spec.Env.Add("secret", "variable") });

        await sandbox.Grain.Delete(GrainCluster.Tenant, Someone);

        var entries = await EntriesAsync(cluster, sandbox, 2);
        Assert.Equal(["sandbox.create", "sandbox.delete"], entries.Select(entry => entry.GetProperty("action").GetString()));
        foreach (var entry in entries)
        {
            Assert.Equal("""{"id":"key_000000000000000000000001","tenant":"default","type":"key"}""", entry.GetProperty("actor").GetRawText());
            Assert.Equal("""{"address":"203.0.113.7","user_agent":"podflare/1.2"}""", entry.GetProperty("source").GetRawText());
            Assert.Equal(Someone.TraceId, entry.GetProperty("trace_id").GetString());
            Assert.DoesNotContain("secret", entry.GetRawText(), StringComparison.Ordinal);
        }

        await AssertIntactAsync(cluster);
    }

    [Fact]
    public async Task The_end_of_a_sandbox_that_nobody_asked_for_has_its_reason()
    {
        await using var cluster = await GrainCluster.StartAsync();
        var sandbox = await cluster.CreateAsync(spec => spec with { Origin = Someone });

        await cluster.Clock.AdvanceUntilAsync(async () => (await sandbox.GetAsync()).EndReason is EndReason.Idle, TimeSpan.FromSeconds(30), TimeSpan.FromHours(3));

        var end = (await EntriesAsync(cluster, sandbox, 2))[1];
        Assert.Equal(("sandbox.end", "idle", "system"), (Text(end, "action"), Text(end, "reason"), end.GetProperty("actor").GetProperty("type").GetString()));
    }

    [Fact]
    public async Task What_a_worker_takes_with_it_is_reported_again_and_nothing_twice()
    {
        await using var cluster = await GrainCluster.StartAsync(workers: 2);
        var sandbox = await cluster.CreateAsync(spec => spec with { Origin = Someone });
        await EntriesAsync(cluster, sandbox, 1);
        var worker = sandbox.Worker;
        await worker.KillAsync();
        await worker.StartAsync();
        await cluster.WaitForHostsAsync();
        using var away = cluster.Audit.Fail(AuditOperation.Append);
        await sandbox.DeleteAsync();
        await Until.TrueAsync(() => away.Hits > 0);

        await worker.KillAsync();
        away.Dispose();
        await worker.StartAsync();
        await cluster.WaitForHostsAsync();

        await Assert.ThrowsAnyAsync<PodflareException>(() => sandbox.RunAsync(program => program.Print("a\n")));
        Assert.Equal(["sandbox.create", "sandbox.delete"], (await EntriesAsync(cluster, sandbox, 2)).Select(entry => Text(entry, "action")));
        await AssertIntactAsync(cluster);
    }

    [Fact]
    public async Task A_log_that_is_away_keeps_no_sandbox_from_being_created_or_deleted()
    {
        await using var cluster = await GrainCluster.StartAsync();
        using var away = cluster.Audit.Fail();
        var sandbox = await cluster.CreateOnceAsync();
        await sandbox.Grain.Delete(GrainCluster.Tenant);
        await Until.TrueAsync(() => away.Hits > 1);

        away.Dispose();

        await EntriesAsync(cluster, sandbox, 2);
    }

    [Fact]
    public async Task An_append_whose_answer_was_lost_is_not_in_the_log_twice()
    {
        await using var cluster = await GrainCluster.StartAsync();
        using var lost = cluster.Audit.LoseAnswer(AuditOperation.Append);
        var entry = Entry();
        var grain = cluster.Grains.GetGrain<IAuditGrain>(GrainCluster.Tenant.Value);

        await Assert.ThrowsAsync<StorageUnavailableException>(() => AppendAsync(grain, [entry]));
        await AppendAsync(grain, [entry, entry, Entry()]);

        Assert.Equal(2, (await cluster.Audit.EntriesAboutAsync("key_1")).Count);
        await AssertIntactAsync(cluster);
    }

    [Fact]
    public async Task A_second_activation_that_has_written_meanwhile_breaks_no_chain()
    {
        await using var cluster = await GrainCluster.StartAsync();
        var grain = cluster.Grains.GetGrain<IAuditGrain>("other");
        await AppendAsync(grain, [Entry("other")]);
        var other = ChainedAuditEntry.After(await cluster.Audit.CallAsync(AuditOperation.ReadHead, "other", log => log.ReadHeadAsync("other", CancellationToken.None)), Entry("other"));
        Assert.True(await cluster.Audit.CallAsync(
            AuditOperation.Append, "other", log => log.AppendAsync("other", new AuditLink(1, Previous(other)), [other], CancellationToken.None)));

        await AppendAsync(grain, [Entry("other")]);

        Assert.Equal(3, (await cluster.Audit.EntriesAsync("other")).Count);
        await AssertIntactAsync(cluster, "other");
    }

    [Fact]
    public async Task More_than_the_allowed_number_of_entries_do_not_wait()
    {
        await using var cluster = await GrainCluster.StartAsync();
        using var held = cluster.Audit.Hold(AuditOperation.ReadHead);
        var grain = cluster.Grains.GetGrain<IAuditGrain>("bounded");
        var first = AppendAsync(grain, [Entry("bounded")]);
        await held.Reached.WaitAsync(TimeSpan.FromSeconds(20), TimeProvider.System, TestContext.Current.CancellationToken);
        Task[] calls = [.. Enumerable.Range(0, 3).Select(_ => AppendAsync(grain, [.. Enumerable.Range(0, 600).Select(_ => Entry("bounded"))]))];

        for (var refused = 1; refused <= 2; refused++)
        {
            var call = await Task.WhenAny(calls);
            await Assert.ThrowsAsync<StorageUnavailableException>(() => call);
            calls = [.. calls.Except([call])];
        }

        held.Dispose();
        await first;
        await calls.Single();
        Assert.Equal(601, (await cluster.Audit.EntriesAsync("bounded")).Count);
    }

    [Fact]
    public async Task Entries_are_read_newest_first_in_pages_and_by_filter()
    {
        await using var cluster = await GrainCluster.StartAsync();
        var grain = cluster.Grains.GetGrain<IAuditGrain>("pages");
        await AppendAsync(grain, [.. Enumerable.Range(0, 7).Select(i => Entry("pages") with { Action = i % 2 == 0 ? AuditAction.KeyCreate : AuditAction.KeyRevoke, At = At(i) })]);

        var first = await ReadAsync(grain, new AuditFilter(Limit: 3));
        var second = await ReadAsync(grain, new AuditFilter(Limit: 3, Before: first.Next));
        var third = await ReadAsync(grain, new AuditFilter(Limit: 3, Before: second.Next));

        Assert.Equal([7L, 6, 5, 4, 3, 2, 1], first.Entries.Concat(second.Entries).Concat(third.Entries).Select(Seq));
        Assert.Null(third.Next);
        Assert.Equal([6L, 4, 2], (await ReadAsync(grain, new AuditFilter(Action: AuditAction.KeyRevoke))).Entries.Select(Seq));
        Assert.Equal([4L, 3], (await ReadAsync(grain, new AuditFilter(From: At(2), To: At(4)))).Entries.Select(Seq));
        Assert.Empty((await ReadAsync(grain, new AuditFilter(Actor: "key_2"))).Entries);
        Assert.Equal(7, (await ReadAsync(grain, new AuditFilter(Actor: "key_1"))).Entries.Length);

        static DateTimeOffset At(int minute) => new(2026, 11, 29, 12, minute, 0, TimeSpan.Zero);
    }

    private static Task AppendAsync(IAuditGrain grain, ImmutableArray<AuditEntry> entries) => grain.Append(entries, TestContext.Current.CancellationToken);

    private static Task<AuditPage> ReadAsync(IAuditGrain grain, AuditFilter filter) => grain.Read(filter, TestContext.Current.CancellationToken);

    private static AuditEntry Entry(string tenant = "default") => new(
        AuditEntry.NewId(), DateTimeOffset.UnixEpoch.AddYears(56), new(tenant), AuditAction.KeyCreate, AuditActor.Key("key_1", new(tenant)), new AuditTarget("key", "key_1"));

    private static long Seq(string entry) => JsonElement.Parse(entry).GetProperty("seq").GetInt64();

    private static string Previous(ChainedAuditEntry entry) => JsonElement.Parse(entry.Json).GetProperty("prev").GetString()!;

    private static string? Text(JsonElement entry, string name) => entry.GetProperty(name).GetString();

    private static async Task<IReadOnlyList<JsonElement>> EntriesAsync(GrainCluster cluster, TestSandbox sandbox, int count)
    {
        await Until.TrueAsync(async () => (await cluster.Audit.EntriesAboutAsync(sandbox.Id.Value)).Count >= count);
        return await cluster.Audit.EntriesAboutAsync(sandbox.Id.Value);
    }

    private static async Task AssertIntactAsync(GrainCluster cluster, string log = "default")
    {
        AuditLink? before = null;
        foreach (var entry in await cluster.Audit.EntriesAsync(log))
        {
            Assert.Null(AuditChain.Check(before, entry, out var link));
            before = link;
        }
    }
}
