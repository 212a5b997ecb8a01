using Orleans.Runtime;
using Podflare.Harness;

namespace Podflare.Hosting;

/// <summary>What Orleans keeps in memory.</summary>
public sealed class ActivationTests
{
    [Fact]
    public async Task Ended_sandboxes_can_be_collected()
    {
        await using var cluster = await GrainCluster.StartAsync();
        cluster.KeepFromOtherTests();
        var management = cluster.Grains.GetGrain<IManagementGrain>(0);
        var used = await cluster.CreateAsync();
        await used.RunAsync(program => program.Print("a\n"));
        Assert.InRange(await CountAsync(management), 1, int.MaxValue);
        await used.DeleteAsync();

        await Until.TrueAsync(async () =>
        {
            await management.ForceActivationCollection(TimeSpan.Zero);
            return await CountAsync(management) == 0;
        });
    }

    private static async Task<int> CountAsync(IManagementGrain management) =>
        (await management.GetDetailedGrainStatistics()).Count(grain => grain.GrainId.Type == GrainType.Create("sandbox"));
}
