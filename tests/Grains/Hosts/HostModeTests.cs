using Podflare.Harness;
using Podflare.Sandboxes;

namespace Podflare.Hosts;

/// <summary>An operator takes a host out of service, and puts it back.</summary>
public sealed class HostModeTests
{
    [Fact]
    public async Task A_cordoned_host_gets_no_new_sandbox_and_keeps_what_it_has()
    {
        await using var cluster = await GrainCluster.StartAsync(configure: settings => settings.WithPool(min: 1, max: 1));
        var host = cluster.Grains.GetGrain<IHostGrain>(cluster.Worker(0).Host);
        var sandbox = await cluster.CreateAsync();
        await Until.TrueAsync(async () => (await host.Load()).Parked.GetValueOrDefault("default") == 1);

        await SetAsync(cluster, host, HostMode.Cordoned);
        await Assert.ThrowsAsync<NoCapacityException>(() => host.Claim(GrainCluster.Tenant, Spec, TimeSpan.Zero, TestContext.Current.CancellationToken));

        var run = await sandbox.StartRunAsync(program => program.Print("a\n"));
        Assert.Equal("a\n", (await run.ReadToEndAsync()).Output);
        var load = await host.Load();
        Assert.Equal((HostMode.Cordoned, 1, 1), (load.Mode, load.Sandboxes, load.Parked["default"]));
        await SetAsync(cluster, host, HostMode.Ready);
        await cluster.CreateAsync();
        await cluster.AgreesAsync();
    }

    [Fact]
    public async Task A_draining_host_removes_its_ready_containers_and_parks_none_until_it_is_back()
    {
        await using var cluster = await GrainCluster.StartAsync(configure: settings => settings.WithPool(min: 2, max: 2));
        var (host, engine) = (cluster.Grains.GetGrain<IHostGrain>(cluster.Worker(0).Host), cluster.Worker(0).Engine);
        var sandbox = await cluster.CreateAsync();
        await Until.TrueAsync(async () => (await host.Load()).Parked.GetValueOrDefault("default") == 2);

        await SetAsync(cluster, host, HostMode.Draining);
        await Until.TrueAsync(() => Task.FromResult(engine.Containers.Count == 1));
        await Assert.ThrowsAsync<NoCapacityException>(() => host.Claim(GrainCluster.Tenant, Spec, TimeSpan.Zero, TestContext.Current.CancellationToken));
        await sandbox.DeleteAsync();
        await Until.TrueAsync(() => Task.FromResult(engine.Containers.Count == 0));

        await SetAsync(cluster, host, HostMode.Ready);
        await Until.TrueAsync(async () => (await host.Load()).Parked.GetValueOrDefault("default") == 2);
        await cluster.AgreesAsync();
    }

    [Fact]
    public async Task The_mode_of_a_host_outlives_its_worker()
    {
        await using var cluster = await GrainCluster.StartAsync();
        var host = cluster.Grains.GetGrain<IHostGrain>(cluster.Worker(0).Host);
        var sandbox = await cluster.CreateAsync();
        await SetAsync(cluster, host, HostMode.Draining);

        await cluster.Worker(0).KillAsync();
        await cluster.Worker(0).StartAsync();

        await Until.TrueAsync(async () => await host.Load() is { Mode: HostMode.Draining, Slots: > 0 });
        await Assert.ThrowsAsync<NoCapacityException>(() => host.Claim(GrainCluster.Tenant, Spec, TimeSpan.Zero, TestContext.Current.CancellationToken));
        Assert.Equal(SandboxState.Ready, (await sandbox.GetAsync()).State);
    }

    private static SandboxSpec Spec => GrainCluster.Spec();

    // The mode is stored by the tick of the host, which the tests' clock brings.
    private static async Task SetAsync(GrainCluster cluster, IHostGrain host, HostMode mode)
    {
        var setting = host.SetMode(mode);
        await cluster.Clock.AdvanceUntilAsync(() => Task.FromResult(setting.IsCompleted), step: TimeSpan.FromSeconds(1), limit: TimeSpan.FromSeconds(30));
        await setting;
    }
}
