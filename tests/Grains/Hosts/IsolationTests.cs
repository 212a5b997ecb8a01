using Podflare.Containers;
using Podflare.Harness;
using Podflare.Sandboxes;

namespace Podflare.Hosts;

/// <summary>A host whose engine does not provide what sandboxes need.</summary>
public sealed class IsolationTests
{
    [Fact]
    public async Task A_host_without_a_required_layer_accepts_no_sandbox_until_it_has_it_again()
    {
        await using var cluster = await GrainCluster.StartAsync();
        cluster.KeepFromOtherTests();
        var worker = cluster.Worker(0);
        var sandbox = await cluster.CreateAsync();
        worker.Engine.MissingLayers = [IsolationLayers.Seccomp];

        await worker.RestartAsync();

        var host = cluster.Grains.GetGrain<IHostGrain>(worker.Host);
        await Until.TrueAsync(async () => (await host.Load()).Problem is { } problem && problem.Contains("seccomp (runtime default", StringComparison.Ordinal));
        await Assert.ThrowsAsync<NoCapacityException>(() => cluster.CreateOnceAsync());
        Assert.Contains("a\n", (await sandbox.RunAsync(program => program.Print("a\n"))).Output, StringComparison.Ordinal);

        worker.Engine.MissingLayers = [];
        await cluster.Clock.AdvanceUntilAsync(async () => (await host.Load()).Problem is null, TimeSpan.FromSeconds(5), TimeSpan.FromMinutes(5));
        await cluster.CreateAsync();
        await cluster.AgreesAsync();
    }

    [Fact]
    public async Task A_layer_that_is_only_reported_keeps_nobody_from_creating_sandboxes()
    {
        await using var cluster = await GrainCluster.StartAsync();
        cluster.KeepFromOtherTests();
        var worker = cluster.Worker(0);
        worker.Engine.MissingLayers = [IsolationLayers.Landlock, IsolationLayers.Mac];

        await worker.RestartAsync();
        await cluster.CreateAsync();

        var load = await cluster.Grains.GetGrain<IHostGrain>(worker.Host).Load();
        Assert.Null(load.Problem);
        Assert.Equal(
            [IsolationLayers.Landlock, IsolationLayers.Mac],
            load.Isolation!.Worst.Where(layer => layer.Status is LayerStatus.Missing).Select(layer => layer.Layer).Order());
    }

    [Fact]
    public async Task A_host_promises_four_times_the_memory_that_its_reserve_leaves()
    {
        await using var cluster = await GrainCluster.StartAsync();
        var load = await cluster.Grains.GetGrain<IHostGrain>(cluster.Worker(0).Host).Load();
        Assert.Equal(4, load.Overcommit);
        var total = GC.GetGCMemoryInfo().TotalAvailableMemoryBytes;
        Assert.Equal(4 * (total - Math.Max(1L << 30, total / 10)), load.MemoryBytes);
    }
}
