using Podflare.Limits;
using Podflare.Tenants;

namespace Podflare.Runs;

/// <summary>
/// The budgets of the memory log: of a sandbox, of a tenant, and of all together. Over one, the events of ended runs go first, the oldest
/// first. Guarded by the log's lock.
/// </summary>
internal sealed class MemoryLogBudget(MemoryRuns runs, MemoryRetention retention, TenantLogLimits tenants, RunOptions options)
{
    // The longest run is looked for among all open ones, so a cut is worth at least this.
    private const long SmallestCut = 1024 * 1024;
    private const int EvictedPerAppend = 16;
    private const int EvictedPerAccept = 64;

    // However large the option is, the rest of the service needs memory too.
    private readonly long _limit = Math.Min(options.MaxMemoryLogBytes, GC.GetGCMemoryInfo().TotalAvailableMemoryBytes / 4);

    /// <summary>Makes room for a new run in the budgets of its sandbox and of its tenant.</summary>
    /// <param name="sandbox">Null when the log knows nothing of it yet.</param>
    /// <exception cref="LogBudgetExceededException">There are no events of ended runs that could make room.</exception>
    /// <exception cref="OutputQuotaExceededException">As before, for a limit that is the tenant's own.</exception>
    public void Require(MemorySandbox? sandbox, TenantId tenant)
    {
        if (sandbox is not null && !TryMakeRoom(sandbox.Account, options.MaxSandboxLogBytes)) throw LogMetrics.Refuse(LogBudgetScope.Sandbox);
        if (runs.Find(tenant) is { } account && !TryMakeRoom(account, tenants.MaxBytesOf(tenant))) throw tenants.Refuse(tenant);
    }

    /// <summary>Makes room after an append. What an open run writes is never refused.</summary>
    /// <returns>True when the sandbox is still over its budget.</returns>
    public bool Settle(MemorySandbox sandbox)
    {
        Evict(sandbox.Account, options.MaxSandboxLogBytes, EvictedPerAppend);
        if (sandbox.TenantAccount is { Tenant: { } tenant } account) Evict(account, tenants.MaxBytesOf(tenant), EvictedPerAppend);
        return sandbox.Account.Bytes > options.MaxSandboxLogBytes;
    }

    /// <summary>
    /// Makes room for a batch within <see cref="RunOptions.MaxMemoryLogBytes"/>. What has to go is that of tenants that have more than an equal
    /// part of it: nobody loses events because of another tenant. An exit always gets in: it is small, and waiting for room would keep its
    /// sandbox from ending.
    /// </summary>
    /// <exception cref="StorageUnavailableException">Open runs fill the log, and none has more than its last batch.</exception>
    public void MakeRoom(int bytes, bool isExit)
    {
        while (IsOver(bytes) && TryDropEnded()) { }
        while (IsOver(bytes))
        {
            var longest = LongestOpen(run => run.Sandbox.TenantAccount is { } account && IsOverShare(account));
            if (longest is null && retention.DropOldestEvents()) continue;
            longest ??= LongestOpen(_ => true);
            if (longest is null && isExit) return;
            if (longest is null) throw new StorageUnavailableException();

            var cut = Math.Max(runs.Bytes + bytes - _limit, Math.Min(SmallestCut, longest.Bytes / 8));
            while (cut > 0 && longest.Entries.Count > 1) cut -= runs.DropOldest(longest);
        }
    }

    /// <summary>Whether there is room for spans, for which the events of ended runs may go.</summary>
    public bool HasRoom(MemorySandbox sandbox, int bytes)
    {
        Evict(sandbox.Account, options.MaxSandboxLogBytes - bytes, EvictedPerAppend);
        while (IsOver(bytes) && TryDropEnded()) { }
        return sandbox.Account.Bytes + bytes <= options.MaxSandboxLogBytes && !IsOver(bytes);
    }

    private MemoryRun? LongestOpen(Func<MemoryRun, bool> may) => runs.Open.Where(run => run.Entries.Count > 1 && may(run)).MaxBy(run => run.Bytes);

    // Together they would not exceed the limit if none was above this.
    private bool IsOverShare(MemoryAccount account) => account.Bytes >= _limit / Math.Max(1, runs.Tenants.Count);

    /// <summary>Removes the events of the oldest ended run of the tenant that has the most, among those that have more than their share.</summary>
    private bool TryDropEnded()
    {
        foreach (var account in runs.Tenants.Where(IsOverShare).OrderByDescending(account => account.Bytes))
        {
            if (account.TakeOldestEnded() is not { } oldest) continue;
            runs.DropEvents(oldest);
            return true;
        }

        return false;
    }

    private bool IsOver(int more) => runs.Bytes + more > _limit;

    private bool TryMakeRoom(MemoryAccount account, long limit)
    {
        var budget = limit - MemoryRuns.RunCost;
        Evict(account, budget, EvictedPerAccept);
        return account.Bytes <= budget;
    }

    /// <summary>Removes the events of the oldest ended runs of an account. Their exits stay.</summary>
    private void Evict(MemoryAccount account, long budget, int most)
    {
        for (var i = 0; i < most && account.Bytes > budget && account.TakeOldestEnded() is { } oldest; i++)
        {
            runs.DropEvents(oldest);
            LogMetrics.EvictedRuns.Add(1);
        }
    }
}
