using Podflare.EndToEnd.Services;
using Podflare.Faults.Chaos;
using Podflare.Faults.Services;

namespace Podflare.Faults;

/// <summary>Any process of the cluster dies, again and again: what the cluster knows of its sandboxes stays true.</summary>
[Collection("hosts")]
public sealed class SiloKillTests(HostLab lab)
{
    private const int Rounds = 10;
    private const int KillsInRound = 2;
    private const int CompareEvery = 2;
    private const int Sandboxes = 6;
    private static readonly TimeSpan StartLimit = TimeSpan.FromSeconds(30);
    private static readonly TimeSpan AgreementLimit = TimeSpan.FromSeconds(30);

    private static CancellationToken Cancelled => TestContext.Current.CancellationToken;

    [Fact]
    public async Task After_twenty_kills_of_random_silos_lists_and_records_equal_the_containers()
    {
        var random = new Random(20);
        var sandboxes = (await Task.WhenAll(Enumerable.Range(0, Sandboxes).Select(_ => lab.CreateAsync()))).ToList();
        for (var round = 1; round <= Rounds; round++)
        {
            var silos = FaultCluster.Silos.ToArray();
            random.Shuffle(silos);
            silos = silos[..KillsInRound];
            foreach (var silo in silos) lab.Cluster.Signal(silo, "KILL");
            if (round % CompareEvery == 0)
            {
                // One comes and one leaves while processes are away.
                sandboxes.Add(await lab.CreateAsync());
                await lab.DeleteAsync(sandboxes[0]);
                sandboxes.RemoveAt(0);
            }

            await Task.WhenAll(silos.Select(silo => lab.Cluster.ReadyAsync(silo, StartLimit)));
            if (round % CompareEvery > 0) continue;
            var differences = (await new Reality(lab.Cluster).CompareAsync(AgreementLimit, Cancelled)).Values;
            Assert.True(!differences.Any(), $"After {round * KillsInRound} kills, the last ones of {string.Join(" and ", silos)}:\n{string.Join('\n', differences)}");
        }


        Assert.Equal(sandboxes.Order(), (await Engine.ListUsedSandboxesAsync(lab.Cluster.Id)).Order());
        foreach (var sandbox in sandboxes)
        {
            Assert.Equal("1\n", await lab.BashAsync(sandbox, "echo 1"));
            await lab.DeleteAsync(sandbox);
        }

        lab.AssertClean();
    }
}
