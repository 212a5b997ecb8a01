using System.Collections.Immutable;
using Microsoft.Extensions.DependencyInjection;
using Podflare.Harness;
using Podflare.Hosts;
using Podflare.Runs;
using Podflare.Stores;

namespace Podflare.Sandboxes;

/// <summary>Creates and their limits.</summary>
public sealed class CreateTests
{
    public static TheoryData<string, Func<SandboxSpec, SandboxSpec>> InvalidSpecs => new()
    {
        { "timeout_seconds", spec => spec with { Lifetime = TimeSpan.MaxValue } },
        { "timeout_seconds", spec => spec with { Lifetime = TimeSpan.Zero } },
        { "idle_timeout_seconds", spec => spec with { IdleLimit = TimeSpan.MaxValue } },
        { "idle_timeout_seconds", spec => spec with { IdleLimit = TimeSpan.FromSeconds(-1) } },
        { "ram_mib", spec => spec with { RamMib = -1 } },
        { "rootfs_gb", spec => spec with { RootfsGb = 0 } },
        { "metadata", spec => spec with { Metadata = Pairs(2_000, "v") } },
        { "metadata", spec => spec with { Metadata = Pairs(1, new string('v', 1_000)) } },
        { "env", spec => spec with { Env = Pairs(1, new string('v', 2 * 1024 * 1024)) } },
        { "env", spec => spec with { Env = ImmutableSortedDictionary<string, string>.Empty.Add("A=B", "v") } },
    };

    public static TheoryData<string, Func<RunRequest, RunRequest>> InvalidRuns => new()
    {
        { "timeout_seconds", run => run with { Timeout = TimeSpan.MaxValue } },
        { "timeout_seconds", run => run with { Timeout = TimeSpan.Zero } },
        { "code", run => run with { Code = new byte[16 * 1024 * 1024 + 1] } },
        { "env", run => run with { Env = Pairs(1, new string('v', 2 * 1024 * 1024)) } },
    };

    [Theory(DisableDiscoveryEnumeration = true)]
    [MemberData(nameof(InvalidSpecs))]
    public async Task A_create_beyond_a_limit_is_refused_and_leaves_no_container(string field, Func<SandboxSpec, SandboxSpec> change)
    {
        await using var cluster = await GrainCluster.StartAsync();

        var e = await Assert.ThrowsAnyAsync<PodflareException>(() => cluster.CreateAsync(Guid.NewGuid().ToString(), change));

        Assert.StartsWith(field, e.Message, StringComparison.Ordinal);
        Assert.Equal(0, cluster.Worker(0).Engine.Started);
    }

    [Theory(DisableDiscoveryEnumeration = true)]
    [MemberData(nameof(InvalidRuns))]
    public async Task A_run_beyond_a_limit_is_refused_and_is_not_accepted(string field, Func<RunRequest, RunRequest> change)
    {
        await using var cluster = await GrainCluster.StartAsync();
        var sandbox = await cluster.CreateAsync();

        var e = await Assert.ThrowsAnyAsync<PodflareException>(
            () => sandbox.Grain.StartRun(GrainCluster.Tenant, RunId.New(), change(sandbox.Request(program => program)), TestContext.Current.CancellationToken));

        Assert.StartsWith(field, e.Message, StringComparison.Ordinal);
        Assert.Empty(sandbox.Guest.Executed);
    }

    [Fact]
    public async Task A_create_whose_record_was_written_without_an_answer_gives_that_sandbox()
    {
        await using var cluster = await GrainCluster.StartAsync();
        using var lost = cluster.Storage.LoseAnswer(StorageOperation.Write, about: key => key.StartsWith("sandbox/", StringComparison.Ordinal));

        var sandbox = await cluster.CreateOnceAsync();

        Assert.Equal((1, 1), (lost.Hits, cluster.Worker(0).Engine.Started));
        Assert.Equal("b\n", (await sandbox.RunAsync(program => program.Print("b\n"))).Output);
        await cluster.AgreesAsync();
    }

    [Fact]
    public async Task A_create_with_a_key_that_failed_once_its_sandbox_existed_gives_that_sandbox_when_it_is_repeated()
    {
        await using var cluster = await GrainCluster.StartAsync(configure: settings =>
        {
            settings.WithPool(min: 1, max: 1);
            settings["Podflare:Sandboxes:GuestAnswerSeconds"] = "0.1";
        });
        await Until.TrueAsync(async () => (await cluster.Grains.GetGrain<IHostGrain>(cluster.Worker(0).Host).Load()).Parked.GetValueOrDefault("default") == 1);
        var parked = cluster.Worker(0).Engine.Containers.Single();
        var creation = cluster.Grains.GetGrain<ICreationGrain>(CreationKey.Of(GrainCluster.Tenant, "key"));

        // The guest does not answer that it has the variables, which it gets last.
        parked.Guest.LosesAnswers = true;
        Exception? error = null;
        await Until.TrueAsync(async () =>
        {
            error = await Record.ExceptionAsync(() => creation.Create(GrainCluster.Tenant, GrainCluster.Spec(WithEnv), TestContext.Current.CancellationToken));
            return error is not NoCapacityException; // this silo does not know its hosts yet
        });
        Assert.IsType<SandboxUnreachableException>(error);
        parked.Guest.LosesAnswers = false;
        var (sandbox, joined) = await cluster.CreateAsync("key", WithEnv);

        Assert.Equal((parked.Sandbox, true), (sandbox.Id, joined));
        Assert.Equal("b\n", (await sandbox.RunAsync(program => program.Print("b\n"))).Output);
        await cluster.AgreesAsync();

        static SandboxSpec WithEnv(SandboxSpec spec) => spec with { Env = Pairs(1, "v") };
    }

    [Fact]
    public async Task A_create_with_a_key_that_continues_on_another_host_leaves_no_sandbox_on_the_first()
    {
        await using var cluster = await GrainCluster.StartAsync(workers: 2, configure: settings =>
        {
            settings.WithPool(min: 1, max: 1);
            settings["Podflare:Sandboxes:GuestAnswerSeconds"] = "0.1";
        });
        var first = cluster.Worker(0);
        await Until.TrueAsync(async () => (await cluster.Grains.GetGrain<IHostGrain>(first.Host).Load()).Parked.GetValueOrDefault("default") == 1);
        await Until.TrueAsync(() => cluster.Workers.All(worker => worker.Services.GetRequiredService<HostDirectory>().Candidates("default").Count == 2));
        var parked = first.Engine.Containers.Single();
        parked.Guest.LosesAnswers = true;

        var sandboxes = new List<SandboxId>();
        while (!parked.Guest.Requests.Contains("Env"))
        {
            Assert.InRange(sandboxes.Count, 0, 50);
            sandboxes.Add((await cluster.CreateAsync($"key {sandboxes.Count}", spec => spec with { Env = Pairs(1, "v") })).Sandbox.Id);
        }

        await Until.TrueAsync(() => cluster.Storage.Find<Tombstone>("tombstone", parked.Sandbox.Value) is not null);
        parked.Guest.LosesAnswers = false;
        Assert.DoesNotContain(parked.Sandbox, sandboxes);
        await Until.TrueAsync(() => first.Engine.Find(parked.Sandbox) is null);
        await cluster.AgreesAsync();
        Assert.Equal(sandboxes.ToHashSet(), (await cluster.ListAsync()).Select(sandbox => sandbox.Id).ToHashSet());
    }

    private static ImmutableSortedDictionary<string, string> Pairs(int count, string value) =>
        Enumerable.Range(0, count).ToImmutableSortedDictionary(i => $"k{i}", _ => value);
}
