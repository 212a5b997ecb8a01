using Microsoft.Extensions.DependencyInjection;
using Orleans.Runtime;
using Podflare.Harness;
using Podflare.Hosts;

namespace Podflare.Hosting;

/// <summary>A membership table that has lost its rows, as when Redis was restarted without its data.</summary>
public sealed class MembershipWatchTests
{
    private static readonly TimeSpan Step = TimeSpan.FromSeconds(1);
    private static readonly TimeSpan Limit = TimeSpan.FromMinutes(10);

    [Fact]
    public async Task A_silo_that_the_table_has_lost_is_not_ready_and_then_stops()
    {
        await using var cluster = await GrainCluster.StartAsync();
        var worker = cluster.Worker(0);
        var watch = worker.Services.GetRequiredService<MembershipWatch>();
        Assert.True(watch.IsMember);

        await LoseRowsAsync(cluster);

        await cluster.Clock.AdvanceUntilAsync(() => !watch.IsMember, Step, Limit);
        Assert.False(worker.Stopping.IsCompleted, "One look at the table is not enough to stop.");
        await cluster.Clock.AdvanceUntilAsync(() => worker.Stopping.IsCompleted, Step, Limit);
        Assert.True(worker.Services.GetRequiredService<LocalHost>().Draining);
        Assert.True(cluster.Logs.Count("has lost silo") > 0);
    }

    [Fact]
    public async Task A_silo_of_which_the_table_has_lost_that_it_has_joined_stops()
    {
        await using var cluster = await GrainCluster.StartAsync();
        cluster.KeepFromOtherTests();
        var worker = cluster.Worker(0);

        var rows = await Table(cluster).ReadAllAsync(TestContext.Current.CancellationToken);
        var (row, etag) = rows.Members.Single(member => member.Item1.SiloAddress.Equals(worker.Address));
        row.Status = SiloStatus.Joining;
        Assert.True(await Table(cluster).UpdateRowAsync(row, etag, rows.Version.Next(), TestContext.Current.CancellationToken));
        var oracle = worker.Services.GetRequiredService<ISiloStatusOracle>();
        await Until.TrueAsync(() => oracle.CurrentStatus is SiloStatus.Joining);

        await cluster.Clock.AdvanceUntilAsync(() => worker.Stopping.IsCompleted, Step, Limit);
        Assert.True(cluster.Logs.Count("has lost silo") > 0);
    }

    [Fact]
    public async Task A_row_that_is_back_at_the_next_look_stops_nothing()
    {
        // Orleans itself would stop a silo whose row is away when it looks.
        await using var cluster = await GrainCluster.StartAsync(configure: settings => settings.TableRefresh = TimeSpan.FromMinutes(10));
        var worker = cluster.Worker(0);
        var watch = worker.Services.GetRequiredService<MembershipWatch>();

        for (var i = 0; i < 3; i++)
        {
            var rows = await LoseRowsAsync(cluster);
            await cluster.Clock.AdvanceUntilAsync(() => !watch.IsMember, Step, Limit);
            await RestoreAsync(cluster, rows);
            await cluster.Clock.AdvanceUntilAsync(() => watch.IsMember, Step, Limit);
        }

        Assert.False(worker.Stopping.IsCompleted);
        var sandbox = await cluster.CreateAsync();
        Assert.Equal("a\n", (await sandbox.RunAsync(program => program.Print("a\n"))).Output);
    }

    private static IMembershipTable Table(GrainCluster cluster) => cluster.Caller.Services.GetRequiredService<IMembershipTable>();

    private static async Task<IReadOnlyList<MembershipEntry>> LoseRowsAsync(GrainCluster cluster)
    {
        cluster.KeepFromOtherTests();
        var rows = (await Table(cluster).ReadAllAsync(TestContext.Current.CancellationToken)).Members.Select(member => member.Item1).ToArray();
        await Table(cluster).DeleteMembershipTableEntriesAsync(cluster.Id, TestContext.Current.CancellationToken);
        return rows;
    }

    private static async Task RestoreAsync(GrainCluster cluster, IReadOnlyList<MembershipEntry> rows)
    {
        foreach (var row in rows)
        {
            var version = (await Table(cluster).ReadAllAsync(TestContext.Current.CancellationToken)).Version;
            Assert.True(await Table(cluster).InsertRowAsync(row, version.Next(), TestContext.Current.CancellationToken));
        }
    }
}
