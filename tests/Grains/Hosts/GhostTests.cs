using Orleans.Core.Internal;
using Podflare.Harness;

namespace Podflare.Hosts;

/// <summary>Entries of a host's list whose sandbox is no more, because the sandbox's call to release its container was lost.</summary>
public sealed class GhostTests
{
    private static readonly TimeSpan Step = TimeSpan.FromSeconds(1);
    private static readonly TimeSpan Limit = TimeSpan.FromMinutes(2);

    [Fact]
    public async Task The_container_of_a_sandbox_that_is_no_more_is_removed_by_the_sweep()
    {
        await using var cluster = await GrainCluster.StartAsync();
        var engine = cluster.Worker(0).Engine;
        var sandbox = await cluster.CreateAsync();
        await cluster.AgreesAsync();

        await ForgetAsync(cluster, sandbox);

        await cluster.Clock.AdvanceUntilAsync(() => engine.Containers.Count == 0, Step, Limit);
        await cluster.AgreesAsync();
    }

    [Fact]
    public async Task A_sandbox_that_is_no_more_leaves_the_list_when_its_container_is_gone_too()
    {
        await using var cluster = await GrainCluster.StartAsync();
        var host = cluster.Grains.GetGrain<IHostGrain>(cluster.Worker(0).Host);
        var sandbox = await cluster.CreateAsync();
        await cluster.AgreesAsync();

        await cluster.Worker(0).Engine.LoseAsync(sandbox.Id, tell: false);
        await ForgetAsync(cluster, sandbox);

        await cluster.Clock.AdvanceUntilAsync(async () => (await host.Load()).Sandboxes == 0, Step, Limit);
        await cluster.AgreesAsync();
    }

    private static async Task ForgetAsync(GrainCluster cluster, TestSandbox sandbox)
    {
        Assert.True(cluster.Storage.Lose("sandbox", sandbox.Id.Value));
        await sandbox.Grain.AsReference<IGrainManagementExtension>().DeactivateOnIdle();
    }
}
