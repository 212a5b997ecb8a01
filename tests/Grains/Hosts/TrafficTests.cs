using Podflare.Guests;
using Podflare.Harness;

namespace Podflare.Hosts;

/// <summary>What a host counts for a tenant.</summary>
public sealed class TrafficTests
{
    [Fact]
    public async Task Creates_and_runs_are_counted_once_and_open_runs_while_they_are_open()
    {
        // A new cluster: the counts of one that other tests have used contain theirs.
        await using var cluster = await GrainCluster.StartAsync(configure: _ => { });
        var host = cluster.Grains.GetGrain<IHostGrain>(cluster.Worker(0).Host);
        var sandbox = await cluster.CreateAsync();
        await (await sandbox.StartRunAsync(program => program.Print("a\n"))).ReadToEndAsync();
        await (await sandbox.StartRunAsync(program => program.Exit(3))).ReadToEndAsync();
        var gate = new Gate();
        var executing = await sandbox.StartRunAsync(program => program.Print("b\n").Wait(gate));
        var waiting = await sandbox.StartRunAsync(program => program.Print("c\n"));

        await Until.TrueAsync(async () => await host.GetTraffic(GrainCluster.Tenant) is { ActiveRuns: 1, QueuedRuns: 1 });
        gate.Open();
        await executing.ReadToEndAsync();
        await waiting.ReadToEndAsync();

        await Until.TrueAsync(async () => await host.GetTraffic(GrainCluster.Tenant) is { ActiveRuns: 0, QueuedRuns: 0 });
        var traffic = await host.GetTraffic(GrainCluster.Tenant);
        Assert.Equal((1, 4, 1), (traffic.Minutes.Sum(minute => minute.Creates), traffic.Minutes.Sum(minute => minute.Runs), traffic.Minutes.Sum(minute => minute.Errors)));
        Assert.Equal((1, 1), (traffic.Sandboxes.Count, traffic.Sandboxes["default"]));
        var other = await host.GetTraffic(new("other"));
        Assert.Equal((0, 0), (other.Minutes.Length, other.Sandboxes.Count));
    }
}
