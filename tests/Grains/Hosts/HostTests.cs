using Orleans.Core.Internal;
using Orleans.Runtime;
using Podflare.Guests;
using Podflare.Harness;
using Podflare.Sandboxes;

namespace Podflare.Hosts;

/// <summary>Hosts that go and come back, and the containers that nobody has yet.</summary>
public sealed class HostTests
{
    [Fact]
    public async Task A_worker_that_was_killed_adopts_its_sandboxes_and_their_runs_go_on()
    {
        await using var cluster = await GrainCluster.StartAsync();
        var sandbox = await cluster.CreateAsync();
        var gate = new Gate();
        var run = await sandbox.StartRunAsync(program => program.PrintLines(10).Wait(gate).PrintLines(10).Exit(7));
        var reading = run.ReadToEndAsync();
        await run.ReadAsync(10);

        await sandbox.Worker.KillAsync();
        gate.Open();
        await sandbox.Worker.StartAsync();

        var outcome = await reading;
        Assert.Equal(Enumerable.Range(1, 21).Select(seq => (long)seq), outcome.Lines.Select(line => line.Seq));
        Assert.Equal(7, outcome.ExitCode);
        Assert.Equal([run.Id], sandbox.Guest.Executed);
        await cluster.AgreesAsync();
    }

    [Fact]
    public async Task The_sandboxes_of_a_host_that_stays_away_are_lost_after_the_grace_time()
    {
        await using var cluster = await GrainCluster.StartAsync(workers: 2);
        var sandbox = await cluster.CreateAsync();
        var run = await sandbox.StartRunAsync(program => program.Print("a\n").RunForever());
        await cluster.AgreesAsync();

        await sandbox.Worker.KillAsync();
        cluster.Clock.Advance(TimeSpan.FromSeconds(30));
        Assert.Equal(SandboxState.Ready, (await sandbox.GetAsync()).State);
        await cluster.Clock.AdvanceUntilAsync(
            async () => (await sandbox.GetAsync()).State is SandboxState.Lost, step: TimeSpan.FromSeconds(5), limit: TimeSpan.FromMinutes(5));

        var outcome = await run.ReadToEndAsync();
        Assert.Equal(("a\n", 255, "lost"), (outcome.Output, outcome.ExitCode, outcome.Reason));
        await cluster.AgreesAsync();
    }

    [Fact]
    public async Task The_sweep_finds_a_container_that_vanished_without_an_event()
    {
        await using var cluster = await GrainCluster.StartAsync();
        var sandbox = await cluster.CreateAsync();
        await sandbox.Worker.Engine.LoseAsync(sandbox.Id, tell: false);

        // Sooner than its guest is given up for being away.
        await cluster.Clock.AdvanceUntilAsync(
            async () => (await sandbox.GetAsync()).State is SandboxState.Lost, step: TimeSpan.FromSeconds(1), limit: TimeSpan.FromSeconds(45));

        await cluster.AgreesAsync();
    }

    [Fact]
    public async Task A_create_is_given_a_parked_container_and_the_pool_is_filled_again()
    {
        await using var cluster = await GrainCluster.StartAsync(configure: settings => settings.WithPool(min: 2, max: 2));
        var engine = cluster.Worker(0).Engine;
        await Until.TrueAsync(async () => (await cluster.Grains.GetGrain<IHostGrain>(cluster.Worker(0).Host).Load()).Parked.GetValueOrDefault("default") == 2);
        var parked = engine.Containers.Select(container => container.Sandbox).ToArray();

        var sandbox = await cluster.CreateAsync();

        Assert.Contains(sandbox.Id, parked);
        await Until.TrueAsync(() => engine.Started == 3);
        await cluster.AgreesAsync();
    }

    [Fact]
    public async Task A_claim_that_nobody_uses_is_removed_when_its_lease_is_over()
    {
        await using var cluster = await GrainCluster.StartAsync();
        var host = cluster.Grains.GetGrain<IHostGrain>(cluster.Worker(0).Host);
        var spec = GrainCluster.Spec();
        var claimed = await host.Claim(GrainCluster.Tenant, spec, TimeSpan.Zero, TestContext.Current.CancellationToken);
        Assert.NotNull(cluster.Worker(0).Engine.Find(claimed));

        cluster.Clock.Advance(TimeSpan.FromSeconds(31));

        await Until.TrueAsync(() => cluster.Worker(0).Engine.Find(claimed) is null);
        await Assert.ThrowsAsync<LeaseGoneException>(
            () => cluster.Sandbox(claimed).Grain.Create("late", GrainCluster.Tenant, spec, TestContext.Current.CancellationToken));
        await Until.TrueAsync(async () => (await host.Load()).Sandboxes == 0);
    }

    // As when the silo with its directory entry was killed.
    [Fact]
    public async Task A_host_that_is_activated_anew_leaves_no_loop_of_the_old_activation_behind()
    {
        await using var cluster = await GrainCluster.StartAsync(workers: 1, configure: settings => settings.WithPool(min: 1, max: 1));
        var engine = cluster.Worker(0).Engine;
        var host = cluster.Grains.GetGrain<IHostGrain>(cluster.Worker(0).Host);
        await Until.TrueAsync(async () => (await host.Load()).Parked.GetValueOrDefault("default") == 1);

        await host.AsReference<IGrainManagementExtension>().DeactivateOnIdle(TestContext.Current.CancellationToken);

        await Until.TrueAsync(async () => engine.Started == 2 && (await host.Load()).Parked.GetValueOrDefault("default") == 1);
        await Until.TrueAsync(() => engine.Watchers == 1 && engine.Containers.Count == 1);
    }

    [Fact]
    public async Task A_host_grain_that_starts_again_leaves_alone_what_its_predecessor_is_starting()
    {
        await using var cluster = await GrainCluster.StartAsync(configure: settings => settings.WithPool(min: 1, max: 1));
        var (engine, host) = (cluster.Worker(0).Engine, cluster.Grains.GetGrain<IHostGrain>(cluster.Worker(0).Host));
        await Until.TrueAsync(async () => (await host.Load()).Parked.GetValueOrDefault("default") == 1);
        engine.GuestsBecomeReady = false;
        var sandbox = await cluster.CreateAsync();
        await Until.TrueAsync(() => engine.Containers.Count == 2);
        var starting = engine.Containers.Single(container => container.Sandbox != sandbox.Id);

        await host.AsReference<IGrainManagementExtension>().DeactivateOnIdle(TestContext.Current.CancellationToken);
        await Until.TrueAsync(() => cluster.Logs.Count("is ready with 1 sandboxes") == 1 && engine.Started == 3);

        Assert.NotNull(engine.Find(starting.Sandbox));
        foreach (var container in engine.Containers) container.Guest.BecomeReady();
        await Until.TrueAsync(() => engine.Find(starting.Sandbox) is null);
        Assert.Equal("a\n", (await sandbox.RunAsync(program => program.Print("a\n"))).Output);
        await cluster.AgreesAsync();
    }

    [Fact]
    public async Task A_worker_that_stops_removes_its_parked_containers_and_keeps_the_others()
    {
        await using var cluster = await GrainCluster.StartAsync(workers: 1, configure: settings => settings.WithPool(min: 1, max: 1));
        var sandbox = await cluster.CreateAsync();
        await cluster.AgreesAsync();
        await Until.TrueAsync(async () => (await cluster.Grains.GetGrain<IHostGrain>(cluster.Worker(0).Host).Load()).Parked.GetValueOrDefault("default") == 1);

        await cluster.Worker(0).StopAsync();

        Assert.Equal([sandbox.Id], cluster.Worker(0).Engine.Containers.Select(container => container.Sandbox));
        await cluster.Worker(0).StartAsync();
        Assert.Equal("b\n", (await sandbox.RunAsync(program => program.Print("b\n"))).Output);
        await cluster.AgreesAsync();
    }
}
