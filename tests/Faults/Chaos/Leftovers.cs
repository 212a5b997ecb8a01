using Podflare.EndToEnd.Services;
using Podflare.Faults.Services;

namespace Podflare.Faults.Chaos;

/// <summary>What must not be there when every sandbox has been deleted: all but the containers that the pools keep ready.</summary>
internal static class Leftovers
{
    // A sweep comes every 30 s, and one may just have begun.
    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(75);

    public static async Task CheckAsync(FaultCluster cluster, Audit audit)
    {
        var found = await FindAsync(cluster);
        for (var limit = Clock.Now + Limit; found.Count > 0 && Clock.Now < limit; found = await FindAsync(cluster))
            await Clock.Delay(TimeSpan.FromMilliseconds(500), CancellationToken.None);
        foreach (var leftover in found) audit.Fail($"left over: {leftover}");
    }

    private static async Task<List<string>> FindAsync(FaultCluster cluster)
    {
        var found = new List<string>();
        found.AddRange((await Engine.ListUsedAsync(cluster.Id)).Select(id => $"container {id}"));
        foreach (var number in new[] { 1, 2 })
        {
            var sockets = Path.Combine(cluster.Folder, $"w{number}", "s");
            if (Directory.Exists(sockets)) found.AddRange(Directory.GetDirectories(sockets).Where(path => !File.Exists(Path.Combine(path, "parked"))).Select(path => $"socket folder {path}"));
        }

        foreach (var key in await cluster.ListKeysAsync())
        {
            if (key.EndsWith(":open", StringComparison.Ordinal) && !IsAccount(key)) found.Add($"open runs {key}");
            if (IsSandboxRecord(key)) found.Add($"record {key}");
        }

        return found;
    }

    /// <summary>
    /// Whether it is a part of the accounts of usage or of the audit log, which outlive sandboxes and are shortened by their own limits, or the number of a
    /// tenant's newest event, which is never given twice.
    /// </summary>
    public static bool IsAccount(string key) =>
        key.StartsWith("podflare:{audit:", StringComparison.Ordinal) || key.StartsWith("podflare:{usage:", StringComparison.Ordinal) || key == "podflare:usage:tenants"
        || key.EndsWith("}:feed:head", StringComparison.Ordinal);

    public static bool IsSandboxRecord(string key) => key.Contains("sandbox/sbx_", StringComparison.Ordinal) && key.EndsWith("/sandbox", StringComparison.Ordinal);
}
