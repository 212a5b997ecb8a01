using Podflare.Harness;
using Podflare.Processes;

namespace Podflare.Hosts;

/// <summary>A second worker with a host id that is in use, such as one whose run folder was copied.</summary>
public sealed class RivalTests
{
    [Fact]
    public async Task A_worker_with_a_host_id_that_is_in_use_does_not_start_and_leaves_the_other_one_in_service()
    {
        await using var cluster = await GrainCluster.StartAsync();
        var host = cluster.Worker(0).Host;

        var joining = cluster.AddWorkerAsync(host);
        await cluster.Clock.AdvanceUntilAsync(() => joining.IsCompleted, TimeSpan.FromSeconds(1), TimeSpan.FromHours(2));
        Assert.Contains(host, (await Assert.ThrowsAsync<StartUpException>(() => joining)).Message, StringComparison.Ordinal);

        Assert.False((await cluster.Grains.GetGrain<IHostGrain>(host).Load()).Draining, "The healthy worker accepts no sandbox any more.");
        var sandbox = await cluster.CreateAsync();
        Assert.NotNull(cluster.Worker(0).Engine.Find(sandbox.Id));
        Assert.Equal("a\n", (await sandbox.RunAsync(program => program.Print("a\n"))).Output);
        await cluster.AgreesAsync();
    }

    [Fact]
    public async Task A_host_is_retired_by_its_own_silo_alone()
    {
        await using var cluster = await GrainCluster.StartAsync();
        var host = cluster.Grains.GetGrain<IHostGrain>(cluster.Worker(0).Host);

        await host.Retire("127.0.0.1:1@1");

        Assert.False((await host.Load()).Draining);
    }
}
