using Podflare.Engine;
using Podflare.Harness;

namespace Podflare.Hosts;

/// <summary>A host that cannot start containers must not take creates that another one could serve.</summary>
public sealed class SickHostTests
{
    [Fact]
    public async Task Creates_succeed_when_one_host_cannot_write_to_its_run_folder()
    {
        await using var cluster = await GrainCluster.StartAsync(workers: 2);
        var sockets = Path.Combine(cluster.Worker(0).Machine!.Folder, "s");
        Directory.Delete(sockets, recursive: true);
        await File.WriteAllTextAsync(sockets, "", TestContext.Current.CancellationToken);

        for (var i = 0; i < 8; i++) await cluster.CreateOnceAsync();

        Assert.Equal(8, cluster.Worker(1).Engine.Containers.Count);
    }

    [Fact]
    public async Task Creates_succeed_when_one_engine_hangs()
    {
        await using var cluster = await GrainCluster.StartAsync(workers: 2);
        using var hang = cluster.Worker(0).Engine.Hold(EngineOperation.Start);

        var creates = Enumerable.Range(0, 8).Select(_ => cluster.CreateOnceAsync()).ToArray();

        await cluster.Clock.AdvanceUntilAsync(
            () => creates.All(create => create.IsCompleted), step: TimeSpan.FromSeconds(0.2), limit: TimeSpan.FromSeconds(15));
        await Task.WhenAll(creates);
        Assert.Equal(8, cluster.Worker(1).Engine.Containers.Count);
        hang.Dispose();
        // A claim that was served when its caller had just given up ends with its lease.
        await cluster.Clock.AdvanceUntilAsync(() => cluster.Worker(0).Engine.Containers.Count == 0, step: TimeSpan.FromSeconds(1), limit: TimeSpan.FromMinutes(2));
        await cluster.AgreesAsync();
    }

    [Fact]
    public async Task A_create_waits_at_a_full_host_for_as_long_as_it_may_when_the_other_host_is_sick()
    {
        await using var cluster = await GrainCluster.StartAsync(workers: 2, configure: settings =>
        {
            settings["Podflare:Hosts:ConcurrentStarts"] = "1";
            settings["Podflare:Hosts:MaxFailures"] = "1";
            settings["Podflare:Hosts:ProbeSeconds"] = "60";
            settings["Podflare:Directory:ClaimSeconds"] = "60";
            // The clock of the test also passes as real time does: what is left at the end is for a slow machine.
            settings["Podflare:Directory:WaitSeconds"] = "30";
        });
        var (sick, well) = (cluster.Worker(0), cluster.Worker(1));
        using var failure = sick.Engine.Fail(EngineOperation.Start);
        while (failure.Hits == 0) await cluster.CreateOnceAsync();
        var before = well.Engine.Started;
        using var busy = well.Engine.Hold(EngineOperation.Start);
        var first = cluster.CreateOnceAsync();
        await busy.Reached;

        var began = cluster.Clock.GetTimestamp();
        var second = cluster.CreateOnceAsync();
        // More than half of the time, which two hosts would share.
        await cluster.Clock.AdvanceUntilAsync(
            () => cluster.Clock.GetElapsedTime(began) > TimeSpan.FromSeconds(20) || second.IsCompleted, step: TimeSpan.FromSeconds(0.2), limit: TimeSpan.FromSeconds(30));
        busy.Dispose();

        await Task.WhenAll(first, second);
        Assert.Equal(before + 2, well.Engine.Started);
    }

    [Fact]
    public async Task Containers_that_left_or_joined_their_pool_while_the_run_folder_was_away_are_shown_as_what_they_are_soon()
    {
        await using var cluster = await GrainCluster.StartAsync(configure: settings => settings.WithPool(min: 1, max: 1));
        var host = cluster.Grains.GetGrain<IHostGrain>(cluster.Worker(0).Host);
        await Until.TrueAsync(async () => (await host.Load()).Parked.GetValueOrDefault("default") == 1);
        var sockets = Path.Combine(cluster.Worker(0).Machine!.Folder, "s");
        Directory.Move(sockets, sockets + ".aside");
        // Else the pool, which starts the next container, makes the folder anew.
        await File.WriteAllTextAsync(sockets, "", TestContext.Current.CancellationToken);
        var sandbox = await cluster.CreateAsync();
        File.Delete(sockets);
        Directory.Move(sockets + ".aside", sockets);
        var mark = Path.Combine(sockets, sandbox.Id.Tail, "parked");
        Assert.True(File.Exists(mark));
        await Until.TrueAsync(async () => (await host.Load()).Parked.GetValueOrDefault("default") == 1);
        var parked = cluster.Worker(0).Engine.Containers.Single(container => container.Sandbox != sandbox.Id);
        var other = Path.Combine(sockets, parked.Sandbox.Tail, "parked");
        File.Delete(other);

        cluster.Clock.Advance(TimeSpan.FromSeconds(31));

        await Until.TrueAsync(() => !File.Exists(mark) && File.Exists(other));
        await cluster.AgreesAsync();
    }

    [Fact]
    public async Task A_host_says_what_keeps_it_from_starting_containers_until_it_is_well_again()
    {
        await using var cluster = await GrainCluster.StartAsync();
        cluster.KeepFromOtherTests();
        var sockets = Path.Combine(cluster.Worker(0).Machine!.Folder, "s");
        Assert.Null(await ProblemAsync());

        Directory.Move(sockets, sockets + "-away");
        await SaysAsync("the run folder cannot be written");
        Directory.Move(sockets + "-away", sockets);
        await SaysAsync(null);
        // At once, and not only when the engine has been silent for long.
        using (cluster.Worker(0).Engine.Fail(EngineOperation.Ping)) await SaysAsync("the container engine does not answer", seconds: 8);
        await SaysAsync(null);

        async Task<string?> ProblemAsync() => (await cluster.Grains.GetGrain<IHostGrain>(cluster.Worker(0).Host).Load()).Problem;

        Task SaysAsync(string? problem, int seconds = 60) =>
            cluster.Clock.AdvanceUntilAsync(async () => await ProblemAsync() == problem, step: TimeSpan.FromSeconds(1), limit: TimeSpan.FromSeconds(seconds));
    }

    [Fact]
    public async Task A_container_that_could_not_be_removed_keeps_its_slot()
    {
        await using var cluster = await GrainCluster.StartAsync();
        var host = cluster.Grains.GetGrain<IHostGrain>(cluster.Worker(0).Host);
        var sandbox = await cluster.CreateAsync();
        using var refusal = cluster.Worker(0).Engine.Fail(EngineOperation.Remove);

        await sandbox.DeleteAsync();
        await refusal.Reached;
        await Until.TrueAsync(() => cluster.Logs.Count("could not be removed") > 0);

        Assert.NotNull(cluster.Worker(0).Engine.Find(sandbox.Id));
        Assert.Equal(1, (await host.Load()).Sandboxes);
        refusal.Dispose();
        cluster.Clock.Advance(TimeSpan.FromSeconds(31));
        await Until.TrueAsync(async () => (await host.Load()).Sandboxes == 0);
        await cluster.AgreesAsync();
    }
}
