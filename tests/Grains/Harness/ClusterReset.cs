using Orleans.Core.Internal;
using Podflare.Hosts;
using Podflare.Sandboxes;

namespace Podflare.Harness;

/// <summary>Makes a cluster as new after a test, and checks that it is.</summary>
internal static class ClusterReset
{
    private const string HostRecords = "host/";

    // Of real time. What takes longer is not worth waiting for: a new cluster is started instead.
    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(3);

    /// <returns>False if the cluster cannot be given to another test.</returns>
    public static async Task<bool> TryAsync(GrainCluster cluster)
    {
        if (!cluster.IsReusable || cluster.Workers.Concat(cluster.Frontends).Any(silo => !silo.IsRunning)) return false;
        if (cluster.Storage.WasRewritten || cluster.Clock.WasStepped || HadFaults(cluster)) return false;
        try
        {
            foreach (var worker in cluster.Workers) worker.Engine.RestoreDefaults();
            await Task.WhenAll(Living(cluster).Select(id => cluster.Sandbox(id).Grain.Delete(GrainCluster.Tenant))).WaitAsync(Limit, TimeProvider.System);
            foreach (var key in Keys(cluster, "creation/")) await cluster.Grains.GetGrain<ICreationGrain>(key).AsReference<IGrainManagementExtension>().DeactivateOnIdle();
            await Until.HoldsAsync(() => CheckIsEmptyAsync(cluster), Limit);
        }
        catch (Exception)
        {
            return false;
        }

        cluster.Log.Clear();
        cluster.Usage.Clear();
        cluster.Feed.Clear();
        cluster.Storage.Clear(except: HostRecords);
        cluster.Logs.Clear();
        foreach (var worker in cluster.Workers) worker.Engine.ClearCounts();
        return true;
    }

    private static bool HadFaults(GrainCluster cluster) =>
        cluster.Storage.HadFaults || cluster.Log.HadFaults || cluster.Usage.HadFaults || cluster.Audit.HadFaults || cluster.Feed.HadFaults || cluster.Workers.Any(worker => worker.Engine.HadFaults);

    // No sandbox, no container, no run and no claim is left, and the host accepts new ones.
    private static async Task CheckIsEmptyAsync(GrainCluster cluster)
    {
        await ClusterTruth.CheckAsync(cluster);
        Assert.Empty(Living(cluster));
        Assert.Empty(await cluster.Log.OpenRunsAsync());
        foreach (var worker in cluster.Workers)
        {
            Assert.Empty(worker.Engine.Containers);
            var load = await cluster.Grains.GetGrain<IHostGrain>(worker.Host).Load();
            Assert.Equal((0, false, true), (load.Sandboxes, load.Draining, load.Slots > 0));
            Assert.DoesNotContain(load.Parked, parked => parked.Value > 0);
        }

        Assert.Equal(cluster.Workers.Count, cluster.Candidates);
    }

    private static IEnumerable<SandboxId> Living(GrainCluster cluster) =>
        Keys(cluster, "sandbox/").Except(Keys(cluster, "tombstone/")).Select(key => SandboxId.Parse(key, null));

    private static IEnumerable<string> Keys(GrainCluster cluster, string record) =>
        cluster.Storage.Keys.Where(key => key.StartsWith(record, StringComparison.Ordinal)).Select(key => key[record.Length..]);
}
