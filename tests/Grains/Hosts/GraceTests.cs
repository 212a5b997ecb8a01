using Podflare.Harness;
using Podflare.Sandboxes;
using Podflare.Stores;

namespace Podflare.Hosts;

/// <summary>When a host that is away counts as lost.</summary>
public sealed class GraceTests
{
    [Fact]
    public async Task The_reminder_of_a_host_that_died_before_its_first_record_goes_away()
    {
        await using var cluster = await GrainCluster.StartAsync(workers: 1);
        using (cluster.Storage.Hold(StorageOperation.Write, about: subject => subject == "host/0000000a"))
        {
            var shortLived = await cluster.AddWorkerAsync("0000000a");
            await Until.TrueAsync(() => cluster.Reminders.Grains.Any(grain => grain.Key.ToString() == "0000000a"));
            await shortLived.KillAsync();
        }

        await cluster.Clock.AdvanceUntilAsync(
            () => cluster.Reminders.Grains.All(grain => grain.Key.ToString() != "0000000a"), step: TimeSpan.FromSeconds(10), limit: TimeSpan.FromMinutes(20));
    }

    [Fact]
    public async Task Time_in_which_the_stores_are_away_does_not_count_as_grace()
    {
        await using var cluster = await GrainCluster.StartAsync(workers: 2);
        var sandbox = await cluster.CreateAsync();
        await cluster.AgreesAsync();
        var worker = sandbox.Worker;
        await worker.KillAsync();
        Assert.Equal(SandboxState.Ready, (await sandbox.GetAsync()).State);

        using (cluster.Storage.GoAway())
        using (cluster.Log.GoAway())
        {
            // In steps: a process that does not look during the outage does not know of it.
            var until = cluster.Clock.GetUtcNow() + TimeSpan.FromSeconds(70);
            await cluster.Clock.AdvanceUntilAsync(() => cluster.Clock.GetUtcNow() >= until, step: TimeSpan.FromSeconds(1), limit: TimeSpan.FromMinutes(2));
        }

        cluster.Clock.Advance(TimeSpan.FromSeconds(2));
        await worker.StartAsync();

        Assert.Equal("a\n", (await sandbox.RunAsync(program => program.Print("a\n"))).Output);
        Assert.Equal(SandboxState.Ready, (await sandbox.GetAsync()).State);
    }
}
