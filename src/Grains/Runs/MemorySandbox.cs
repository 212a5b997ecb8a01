using Podflare.Sandboxes;

namespace Podflare.Runs;

/// <summary>The runs of one sandbox in the memory log. It goes with the last of them.</summary>
internal sealed class MemorySandbox(SandboxId id)
{
    public SandboxId Id { get; } = id;

    public Dictionary<RunId, MemoryRun> Runs { get; } = [];

    /// <summary>Oldest first.</summary>
    public LinkedList<RunId> Listed { get; } = new();

    /// <summary>The ended runs whose end the tenant's feed may not have, the oldest first.</summary>
    public LinkedList<RunId> Unreported { get; } = new();

    public MemoryAccount Account { get; } = new();

    /// <summary>Null until the log has been told the sandbox's tenant.</summary>
    public MemoryAccount? TenantAccount { get; private set; }

    /// <summary>Set when the sandbox has ended.</summary>
    public DateTimeOffset? ListUntil { get; set; }

    /// <summary>Set when the sandbox was deleted: its events expire then, if not before.</summary>
    public DateTimeOffset? EventsUntil { get; set; }

    /// <summary>Counts towards the budgets of the sandbox and of its tenant.</summary>
    public void Count(long bytes)
    {
        Account.Bytes += bytes;
        if (TenantAccount is { } tenant) tenant.Bytes += bytes;
    }

    /// <summary>A run of this sandbox has ended.</summary>
    public void AddEnded(MemoryRun run)
    {
        Account.AddEnded(run);
        TenantAccount?.AddEnded(run);
    }

    /// <summary>A run has ended, and the tenant's feed is to have that.</summary>
    public void AddUnreported(RunId run, int most)
    {
        Unreported.AddLast(run);
        if (Unreported.Count > most) Unreported.RemoveFirst();
    }

    /// <summary>What the sandbox has counted so far counts towards its tenant's budget too.</summary>
    public void JoinTenant(MemoryAccount tenant)
    {
        if (TenantAccount is not null) return;
        TenantAccount = tenant;
        tenant.Sandboxes++;
        tenant.Bytes += Account.Bytes;
        foreach (var run in Account.Ended) tenant.AddEnded(run);
    }
}
