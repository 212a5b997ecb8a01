using Orleans.Runtime;
using Podflare.Harness;

namespace Podflare.Hosts;

/// <summary>A host must not notice that another silo dies.</summary>
public sealed class OtherSiloTests
{
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

    // A directory that is spread over all silos has each entry on one of them. Calls go through the first frontend, which must live.
    private static async Task<TestSilo> FindDirectoryOwnerAsync(GrainCluster cluster)
    {
        while (true)
        {
            var owners = cluster.Workers.Select(worker => cluster.DirectoryOwnerOf(cluster.Grains.GetGrain<IHostGrain>(worker.Host).GetGrainId())).ToArray();
            if (cluster.Frontends.Skip(1).FirstOrDefault(frontend => owners.Any(frontend.Address.Equals)) is { } owner) return owner;
            Assert.True(cluster.Workers.Count < 8, "No host is registered with a frontend.");
            await cluster.AddWorkerAsync();
            await cluster.WaitForHostsAsync();
        }
    }
}
