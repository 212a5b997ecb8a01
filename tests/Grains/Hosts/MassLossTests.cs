using Podflare.Engine;
using Podflare.Harness;

namespace Podflare.Hosts;

/// <summary>An engine that lists nothing for longer than two lists in a row, as one that restarts together with its worker.</summary>
public sealed class MassLossTests
{
    [Fact]
    public async Task A_list_without_most_containers_is_doubted_for_a_while()
    {
        await using var cluster = await GrainCluster.StartAsync();
        TestSandbox[] sandboxes = [await cluster.CreateAsync(), await cluster.CreateAsync(), await cluster.CreateAsync()];
        await cluster.AgreesAsync();
        await cluster.Worker(0).KillAsync();
        var engine = cluster.Worker(0).Engine;
        engine.EmptyLists = int.MaxValue;

        // The start, the first sweep, and its second look have nothing. No guest is connected, because nothing was adopted yet.
        await cluster.Worker(0).StartAsync();
        await cluster.Clock.AdvanceUntilAsync(() => cluster.Logs.Count("3 of 3") > 0, step: TimeSpan.FromSeconds(1), limit: TimeSpan.FromMinutes(2));
        engine.EmptyLists = 0;

        foreach (var sandbox in sandboxes) Assert.Equal("a\n", (await sandbox.RunAsync(program => program.Print("a\n"))).Output);
        await cluster.AgreesAsync();
    }
}
