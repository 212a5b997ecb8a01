using Podflare.Audit;
using Podflare.Containers;
using Podflare.Http;

namespace Podflare.Hosts;

/// <summary>Tells the developer on a server without authentication once which layers its sandboxes lack.</summary>
internal sealed class IsolationNotice(HostDirectory hosts)
{
    // Those an engine has by itself. The others are for an operator to add, and `podflare doctor` says how.
    private static readonly string[] Expected = [IsolationLayers.Landlock, IsolationLayers.Ipc, IsolationLayers.Cgroup, IsolationLayers.MaskedPaths];

    private int _given;

    /// <returns>Nothing for a caller who is authenticated, after the first time, and where nothing is missing.</returns>
    public IReadOnlyList<string> Take(Caller caller)
    {
        if (caller.Actor != AuditActor.Anonymous || Volatile.Read(ref _given) != 0) return [];
        var missing = hosts.Loads.SelectMany(load => load.Isolation?.Worst ?? []).Where(layer => layer.Status is LayerStatus.Missing && Expected.Contains(layer.Layer)).DistinctBy(layer => layer.Layer).ToArray();
        return missing.Length == 0 || Interlocked.Exchange(ref _given, 1) != 0
            ? []
            : [$"sandboxes of this server lack {string.Join(", ", missing.Select(layer => layer.Text.Length > 0 ? $"{layer.Layer} ({layer.Text})" : layer.Layer))}; podflare doctor says what to do"];
    }
}
