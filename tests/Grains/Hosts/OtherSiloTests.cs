using System.Globalization;
using Orleans.Runtime;
using Podflare.Harness;

namespace Podflare.Hosts;

/// <summary>A host must not notice that another silo dies.</summary>
public sealed class OtherSiloTests
{
    private const int MaxWorkers = 8;

    private static IEnumerable<string> HostIds => Enumerable.Range(0x1000, 10_000).Select(number => number.ToString("x8", CultureInfo.InvariantCulture));

    [Fact]
    public async Task A_host_keeps_its_sandboxes_when_the_silo_with_its_directory_entry_is_killed()
    {
        await using var cluster = await GrainCluster.StartAsync(workers: 1, frontends: 5);
        var owner = await FindDirectoryOwnerAsync(cluster);
        List<TestSandbox> sandboxes = [];
        for (var i = 0; i < 3 * cluster.Workers.Count; i++) sandboxes.Add(await cluster.CreateAsync());
        await cluster.AgreesAsync();

        await owner.KillAsync();
        await cluster.WaitForHostsAsync();

        await cluster.AgreesAsync();
        foreach (var sandbox in sandboxes) Assert.Equal("a\n", (await sandbox.RunAsync(program => program.Print("a\n"))).Output);
    }

    // A directory that is spread over all silos has each entry on one of them. Calls go through the first frontend, which must live. A worker
    // that joins takes over entries, perhaps its own, so more than one may be needed.
    private static async Task<TestSilo> FindDirectoryOwnerAsync(GrainCluster cluster)
    {
        while (true)
        {
            if (cluster.Workers.Select(worker => OwnerOf(cluster, worker.Host)).FirstOrDefault(owner => owner is not null) is { } found) return found;
            Assert.True(cluster.Workers.Count < MaxWorkers, "No host is registered with a frontend.");
            await cluster.AddWorkerAsync(HostIds.First(host => OwnerOf(cluster, host) is not null && cluster.Workers.All(worker => worker.Host != host)));
            await cluster.WaitForHostsAsync();
        }
    }

    /// <summary>The frontend that has the directory entry of a host; null if it is the first one, or a worker.</summary>
    private static TestSilo? OwnerOf(GrainCluster cluster, string host)
    {
        var owner = cluster.DirectoryOwnerOf(cluster.Grains.GetGrain<IHostGrain>(host).GetGrainId());
        return cluster.Frontends.Skip(1).FirstOrDefault(frontend => frontend.Address.Equals(owner));
    }
}
