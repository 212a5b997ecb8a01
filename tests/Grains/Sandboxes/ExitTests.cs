using Podflare.Harness;
using Podflare.Hosts;

namespace Podflare.Sandboxes;

/// <summary>Containers that end because their guests exit, and those that have to be killed.</summary>
public sealed class ExitTests
{
    [Fact]
    public async Task The_guest_of_a_deleted_sandbox_exits_and_its_ends_are_those_of_before()
    {
        await using var cluster = await GrainCluster.StartAsync();
        var sandbox = await cluster.CreateAsync();
        var engine = sandbox.Worker.Engine;
        var run = await sandbox.StartRunAsync(program => program.Print("a\n").RunForever());
        await run.ReadAsync(1);

        await sandbox.DeleteAsync();

        var outcome = await run.ReadToEndAsync();
        Assert.Equal(("a\n", 137, "killed"), (outcome.Output, outcome.ExitCode, outcome.Reason));
        await Until.TrueAsync(() => engine.Find(sandbox.Id) is null);
        Assert.Equal(0, engine.Killed);
        Assert.Equal(EndReason.Deleted, (await sandbox.GetAsync()).EndReason);
        await cluster.AgreesAsync();
    }

    [Fact]
    public async Task A_guest_that_does_not_exit_is_killed_with_its_container()
    {
        await using var cluster = await GrainCluster.StartAsync();
        var sandbox = await cluster.CreateAsync();
        var engine = sandbox.Worker.Engine;
        sandbox.Guest.Exits = false;

        await sandbox.DeleteAsync();

        await Until.TrueAsync(() => engine.Find(sandbox.Id) is null);
        Assert.Equal(1, engine.Killed);
        await cluster.AgreesAsync();
    }

    [Fact]
    public async Task A_worker_that_dies_once_the_guest_has_exited_ends_the_sandbox_as_deleted()
    {
        await using var cluster = await GrainCluster.StartAsync();
        var sandbox = await cluster.CreateAsync();
        var engine = sandbox.Worker.Engine;
        // Removals do not get through, so that the dead container is still there for the next worker.
        using (engine.Hold(Engine.EngineOperation.Remove))
        {
            await sandbox.DeleteAsync();
            await Until.TrueAsync(() => engine.Find(sandbox.Id) is { IsRunning: false });
            await sandbox.Worker.KillAsync();
        }

        await sandbox.Worker.StartAsync();

        await Until.TrueAsync(() => engine.Find(sandbox.Id) is null);
        Assert.Equal(EndReason.Deleted, (await sandbox.GetAsync()).EndReason);
        await cluster.AgreesAsync();
    }

    [Fact]
    public async Task A_parked_container_gets_the_memory_that_a_create_asks_for_and_its_host_counts_that_also_after_a_restart()
    {
        await using var cluster = await GrainCluster.StartAsync(configure: settings => settings.WithPool(min: 1, max: 1));
        var (engine, host) = (cluster.Worker(0).Engine, cluster.Grains.GetGrain<IHostGrain>(cluster.Worker(0).Host));
        await Until.TrueAsync(async () => (await host.Load()).Parked.GetValueOrDefault("default") == 1);
        var parked = engine.Containers.Single().Sandbox;

        var sandbox = await cluster.CreateAsync(spec => spec with { RamMib = 256 });

        Assert.Equal(parked, sandbox.Id);
        Assert.Equal(256L << 20, engine[parked].Shape!.MemoryBytes);
        Assert.True(engine[parked].Shape!.HomeBytes + engine[parked].Shape!.TmpBytes < 256L << 20);
        Assert.Equal(256, (await sandbox.GetAsync()).MemoryMib);
        await Until.TrueAsync(async () => (await host.Load()).Parked.GetValueOrDefault("default") == 1);
        Assert.Equal(256, await HeldAsync());

        await sandbox.Worker.KillAsync();
        await sandbox.Worker.StartAsync();
        await Until.TrueAsync(async () => await HeldAsync() == 256);
        await cluster.AgreesAsync();

        async Task<long> HeldAsync()
        {
            try
            {
                return (await host.Holdings(GrainCluster.Tenant)).Holdings.Sum(held => held.MemoryMib);
            }
            catch (SandboxUnreachableException)
            {
                // The worker is starting.
                return 0;
            }
        }
    }

    [Fact]
    public async Task A_create_whose_limits_the_engine_does_not_change_gets_a_container_of_its_own()
    {
        await using var cluster = await GrainCluster.StartAsync(configure: settings => settings.WithPool(min: 1, max: 1));
        var (engine, host) = (cluster.Worker(0).Engine, cluster.Grains.GetGrain<IHostGrain>(cluster.Worker(0).Host));
        await Until.TrueAsync(async () => (await host.Load()).Parked.GetValueOrDefault("default") == 1);
        var parked = engine.Containers.Single().Sandbox;
        engine.FailNext(Engine.EngineOperation.Resize);

        var sandbox = await cluster.CreateAsync(spec => spec with { RamMib = 256 });

        Assert.NotEqual(parked, sandbox.Id);
        Assert.Equal(256L << 20, engine[sandbox.Id].Spec.MemoryBytes);
        await Until.TrueAsync(() => engine.Find(parked) is null);
        await cluster.AgreesAsync();
    }
}
