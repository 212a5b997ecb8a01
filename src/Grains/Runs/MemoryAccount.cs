using Podflare.Tenants;

namespace Podflare.Runs;

/// <summary>What counts towards one budget of the memory log: that of a sandbox or of a tenant. Guarded by the log's lock.</summary>
/// <param name="tenant">The tenant whose budget it is; null for a sandbox's.</param>
internal sealed class MemoryAccount(TenantId? tenant = null)
{
    // Oldest end first. A run whose events have gone for another reason may still be among them.
    private readonly Queue<MemoryRun> _ended = new();

    public TenantId? Tenant { get; } = tenant;

    public long Bytes { get; set; }

    /// <summary>Sandboxes that count towards it.</summary>
    public int Sandboxes { get; set; }

    /// <summary>A run has ended: from now on its events may make room for others.</summary>
    public void AddEnded(MemoryRun run)
    {
        while (_ended.TryPeek(out var oldest) && oldest.Released) _ended.Dequeue();
        _ended.Enqueue(run);
    }

    /// <summary>The ended run whose events have been kept for the longest time. It is returned once.</summary>
    public MemoryRun? TakeOldestEnded()
    {
        while (_ended.TryDequeue(out var oldest))
        {
            if (!oldest.Released) return oldest;
        }

        return null;
    }

    /// <summary>The ended runs that may make room, oldest end first.</summary>
    public IEnumerable<MemoryRun> Ended => _ended.Where(run => !run.Released);
}
