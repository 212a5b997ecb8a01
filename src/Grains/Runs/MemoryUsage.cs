using Podflare.Sandboxes;

namespace Podflare.Runs;

/// <summary>The usage counters of the memory log. Guarded by the log's lock.</summary>
internal sealed class MemoryUsage
{
    // Counters of sandboxes that have ended are read once more, when their usage is complete. After that nobody asks for them.
    private const int MaxEnded = 1_000;

    private readonly Dictionary<SandboxId, Dictionary<string, RunUsage>> _sandboxes = [];
    private readonly Queue<SandboxId> _ended = new();

    public IReadOnlyDictionary<string, RunUsage> Find(SandboxId sandbox) =>
        _sandboxes.TryGetValue(sandbox, out var keys) ? new Dictionary<string, RunUsage>(keys) : [];

    /// <summary>A run has ended.</summary>
    public void Add(SandboxId sandbox, RunRecord record, long bytes)
    {
        if (!_sandboxes.TryGetValue(sandbox, out var keys)) _sandboxes[sandbox] = keys = [];
        var key = record.Key ?? RunUsage.NoKey;
        var (before, added) = (keys.GetValueOrDefault(key), RunUsage.Of(record, bytes));
        keys[key] = new RunUsage(before.Runs + added.Runs, before.Bytes + added.Bytes);
    }

    /// <summary>The sandbox has ended: its counters go when those of many others have ended after it.</summary>
    public void End(SandboxId sandbox)
    {
        if (!_sandboxes.ContainsKey(sandbox) || _ended.Contains(sandbox)) return;
        _ended.Enqueue(sandbox);
        if (_ended.Count > MaxEnded) _sandboxes.Remove(_ended.Dequeue());
    }
}
