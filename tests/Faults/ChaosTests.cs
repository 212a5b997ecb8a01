using Podflare.Faults.Chaos;
using Podflare.Faults.Services;

namespace Podflare.Faults;

/// <summary>The cluster under load while everything that can break is broken. <c>eng/chaos.sh</c> runs the same for longer.</summary>
public sealed class ChaosTests
{
    [Fact]
    public async Task No_event_is_lost_repeated_or_reordered_and_no_ending_is_wrong_while_everything_breaks()
    {
        var options = ChaosOptions.Read();
        var audit = new Audit();
        await using var cluster = new FaultCluster("x");
        await cluster.UpAsync();
        var table = await new ChaosDriver(cluster, options, audit).RunAsync(TestContext.Current.CancellationToken);
        Clock.Say(table);
        if (options.Report is { } report) await File.WriteAllTextAsync(report, table, TestContext.Current.CancellationToken);
        Assert.True(audit.Violations.Count == 0, $"eng/chaos.sh --seed {options.Seed} repeats this:\n{table}");
    }
}
