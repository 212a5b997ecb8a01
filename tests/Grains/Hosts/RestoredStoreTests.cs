using Orleans.Core.Internal;
using Orleans.Runtime;
using Podflare.Guests;
using Podflare.Harness;
using Podflare.Runs;
using Podflare.Sandboxes;
using Podflare.Stores;

namespace Podflare.Hosts;

/// <summary>The store comes back with older data, in which a sandbox lives that has ended since.</summary>
public sealed class RestoredStoreTests
{
    [Fact]
    public async Task A_sandbox_that_was_deleted_is_deleted_again_and_its_runs_have_all_their_events()
    {
        await using var cluster = await GrainCluster.StartAsync();
        var (sandbox, run) = await CreateAsync(cluster);
        var restore = TakeSnapshot(cluster);
        await sandbox.DeleteAsync();
        var lines = (await run.LoggedAsync()).Select(line => line.Json).ToArray();
        await cluster.AgreesAsync();

        restore();

        await cluster.AgreesAsync();
        Assert.Equal(EndReason.Deleted, (await sandbox.GetAsync()).EndReason);
        Assert.Equal(lines, (await run.LoggedAsync()).Select(line => line.Json));
    }

    [Fact]
    public async Task A_sandbox_whose_grain_is_gone_ends_as_lost()
    {
        await using var cluster = await GrainCluster.StartAsync();
        var (sandbox, run) = await CreateAsync(cluster);
        var restore = TakeSnapshot(cluster);
        await sandbox.DeleteAsync();
        await cluster.AgreesAsync();
        await sandbox.Grain.AsReference<IGrainManagementExtension>().DeactivateOnIdle(TestContext.Current.CancellationToken);

        restore();

        await cluster.AgreesAsync();
        Assert.Equal(EndReason.Lost, (await sandbox.GetAsync()).EndReason);
        Assert.Equal(ExitReason.Lost, (await cluster.Log.FindAsync(sandbox.Id, run.Id))?.Ending?.Reason);
    }

    [Fact]
    public async Task A_sandbox_that_its_host_has_forgotten_is_found_in_the_record_of_the_host()
    {
        await using var cluster = await GrainCluster.StartAsync(configure: settings => settings["Podflare:Hosts:RememberSeconds"] = "0");
        var (sandbox, run) = await CreateAsync(cluster);
        var restore = TakeSnapshot(cluster);
        await sandbox.DeleteAsync();
        await cluster.AgreesAsync();

        restore();
        cluster.Clock.Advance(TimeSpan.FromSeconds(11));

        await cluster.AgreesAsync();
        Assert.Equal("killed", (await run.LoggedAsync())[^1].Reason);
    }

    [Fact]
    public async Task An_end_that_the_store_loses_while_it_is_under_way_is_repeated()
    {
        await using var cluster = await GrainCluster.StartAsync(configure: settings => settings["Podflare:Hosts:RememberSeconds"] = "0");
        var (sandbox, _) = await CreateAsync(cluster);
        var restore = TakeSnapshot(cluster);
        var clear = cluster.Storage.Hold(StorageOperation.Clear, about: key => key.StartsWith("sandbox/", StringComparison.Ordinal));
        var deleting = sandbox.Grain.Delete(GrainCluster.Tenant);
        await clear.Reached;

        using (cluster.Storage.GoAway())
        {
            restore();
            clear.Dispose();
            cluster.Clock.Advance(TimeSpan.FromSeconds(1));
        }

        await deleting;
        await cluster.AgreesAsync();
        Assert.Equal(EndReason.Deleted, (await sandbox.GetAsync()).EndReason);
    }

    private static async Task<(TestSandbox Sandbox, TestRun Run)> CreateAsync(GrainCluster cluster)
    {
        var sandbox = await cluster.CreateAsync();
        var run = await sandbox.StartRunAsync(program => program.PrintLines(10).RunForever());
        await run.ReadAsync(10);
        await Until.TrueAsync(() => sandbox.Guest.Unacknowledged == 0);
        await cluster.AgreesAsync();
        return (sandbox, run);
    }

    /// <returns>Takes the stores back to this moment.</returns>
    private static Action TakeSnapshot(GrainCluster cluster)
    {
        var (records, log) = (cluster.Storage.TakeSnapshot(), cluster.Log.TakeSnapshot());
        return () =>
        {
            cluster.Storage.RestoreSnapshot(records);
            cluster.Log.RestoreSnapshot(log);
        };
    }
}
