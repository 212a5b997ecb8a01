using Podflare.Sandboxes;

namespace Podflare.Usage;

/// <summary>
/// What has been folded of each sandbox, in memory. Its rules are those of the script in <see cref="UsageScripts"/>. Not safe for several callers at once.
/// </summary>
/// <param name="closedFor">How long a sandbox that has ended is remembered.</param>
/// <param name="openFor">How long a sandbox is remembered that nobody folds any more, although it never ended.</param>
public sealed class UsageLedger(TimeSpan closedFor, TimeSpan openFor)
{
    private const int ForgottenPerFold = 16;

    private readonly Dictionary<SandboxId, Entry> _entries = [];
    private readonly PriorityQueue<SandboxId, DateTimeOffset> _due = new();

    /// <summary>Sandboxes that are remembered.</summary>
    public int Count => _entries.Count;

    /// <returns>What is new per key; empty for a sandbox that has ended.</returns>
    public IReadOnlyList<UsageSource> Fold(UsageFold fold, DateTimeOffset now)
    {
        Forget(now);
        if (!_entries.TryGetValue(fold.Sandbox, out var entry))
        {
            _entries[fold.Sandbox] = entry = new Entry();
            _due.Enqueue(fold.Sandbox, now + openFor);
        }

        if (entry.IsClosed) return [];
        List<UsageSource> added = [];
        foreach (var (key, total) in fold.Sources)
        {
            var before = entry.Folded.GetValueOrDefault(key ?? UsageSource.NoKey);
            var difference = total.Beyond(before);
            if (difference == default) continue;
            entry.Folded[key ?? UsageSource.NoKey] = before + difference;
            added.Add(new UsageSource(key, difference));
        }

        entry.IsClosed = fold.IsFinal;
        entry.Until = now + (fold.IsFinal ? closedFor : openFor);
        if (fold.IsFinal)
        {
            entry.Folded.Clear();
            _due.Enqueue(fold.Sandbox, entry.Until);
        }

        return added;
    }

    private void Forget(DateTimeOffset now)
    {
        for (var i = 0; i < ForgottenPerFold && _due.TryPeek(out var sandbox, out var due) && due <= now; i++)
        {
            _due.Dequeue();
            if (!_entries.TryGetValue(sandbox, out var entry)) continue;
            if (entry.Until <= now) _entries.Remove(sandbox);
            else _due.Enqueue(sandbox, entry.Until);
        }
    }

    private sealed class Entry
    {
        public Dictionary<string, UsageAmounts> Folded { get; } = [];

        public bool IsClosed { get; set; }

        public DateTimeOffset Until { get; set; }
    }
}
