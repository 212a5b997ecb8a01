using Microsoft.Extensions.DependencyInjection;
using Podflare.Engine;
using Podflare.Harness;

namespace Podflare.Hosts;

/// <summary>What a frontend knows of the hosts.</summary>
public sealed class HostDirectoryTests
{
    [Fact]
    public async Task A_host_that_is_still_starting_answers_and_does_not_count_as_started()
    {
        await using var cluster = await GrainCluster.StartAsync();
        var worker = cluster.Worker(0);
        await worker.KillAsync();
        using var hang = worker.Engine.Hold(EngineOperation.Probe);
        await worker.StartAsync();
        await hang.Reached;
        var frontend = await cluster.AddFrontendAsync();
        var hosts = frontend.Services.GetRequiredService<HostDirectory>();

        await Until.TrueAsync(() => hosts.AnyAnswers);
        Assert.False(hosts.HasSeenStartedHost);
        hang.Dispose();

        await Until.TrueAsync(() => hosts.HasSeenStartedHost);
        Assert.Contains(hosts.Loads, load => load.Slots > 0);
    }
}
