using Podflare.Hosts;

namespace Podflare.Harness;

/// <summary>Compares what the parts of a cluster say about its sandboxes.</summary>
internal static class ClusterTruth
{
    public static async Task CheckAsync(GrainCluster cluster)
    {
        var records = Keys(cluster, "sandbox/").Except(Keys(cluster, "tombstone/")).Order(StringComparer.Ordinal).ToArray();
        var listed = (await cluster.ListAsync()).Select(sandbox => sandbox.Id.Value).Order(StringComparer.Ordinal).ToArray();
        var hosts = cluster.Workers.Where(worker => worker.IsRunning).Select(worker => worker.Host).Distinct()
            .SelectMany(host => cluster.Storage.Find<HostRecord>("host", host)?.Sandboxes.Keys ?? []).Order(StringComparer.Ordinal).ToArray();
        var containers = cluster.Workers.Where(worker => worker.IsRunning)
            .SelectMany(worker => worker.Engine.Containers.Where(container => !IsParked(worker, container.Sandbox.Tail)))
            .Select(container => container.Sandbox.Value).Order(StringComparer.Ordinal).ToArray();
        var open = (await cluster.Log.OpenRunsAsync()).Select(run => run.Sandbox.Value).Distinct().Except(records).ToArray();
        Assert.True(listed.SequenceEqual(records), $"The list has {Text(listed)}; the records are of {Text(records)}.");
        Assert.True(hosts.SequenceEqual(records), $"The host records have {Text(hosts)}; the records are of {Text(records)}.");
        Assert.True(containers.SequenceEqual(records), $"The engines have {Text(containers)}; the records are of {Text(records)}.");
        Assert.True(open.Length == 0, $"Runs are open in sandboxes that have ended: {Text(open)}.");
    }

    private static IEnumerable<string> Keys(GrainCluster cluster, string record) =>
        cluster.Storage.Keys.Where(key => key.StartsWith(record, StringComparison.Ordinal)).Select(key => key[record.Length..]);

    private static bool IsParked(TestSilo worker, string tail) => File.Exists(Path.Combine(worker.Machine!.Folder, "s", tail, "parked"));

    private static string Text(string[] ids) => ids.Length == 0 ? "nothing" : string.Join(", ", ids);
}
