using Microsoft.Extensions.Options;
using Podflare.Feed;
using Podflare.Harness;
using Podflare.Tenants;

namespace Podflare.Stores;

/// <summary>What is asked of the feeds. A fault's subject is the tenant.</summary>
public enum FeedOperation
{
    Append,
    Read,
}

/// <summary>The feeds of a cluster, which outlive its silos: the product's own for the embedded process. Inherits the faults that calls can be made to meet.</summary>
public sealed class UnreliableFeedLog(Clock clock) : FaultPlan<FeedOperation>(() => new StorageUnavailableException())
{
    private MemoryFeedLog _log = Open(clock);

    /// <summary>The truth about the events of a sandbox, oldest first.</summary>
    public async Task<IReadOnlyList<FeedEntry>> EntriesAsync(string? sandbox = null) =>
        [.. (await _log.ReadAsync(GrainCluster.Tenant, 0, 100_000, CancellationToken.None)).Entries.Where(entry => sandbox is null || entry.Sandbox == sandbox)];

    /// <summary>Forgets everything, for the next test.</summary>
    internal void Clear()
    {
        ClearFaults();
        _log = Open(clock);
    }

    internal Task<T> CallAsync<T>(FeedOperation operation, TenantId tenant, Func<IFeedLog, Task<T>> call) => MeetAsync(operation, tenant.Value, () => call(_log));

    private static MemoryFeedLog Open(Clock clock) => new(Options.Create(new FeedOptions()), clock);
}

/// <summary>The feeds as one silo sees them: through its power.</summary>
internal sealed class SiloFeedLog(UnreliableFeedLog log, Power power) : IFeedLog
{
    public Task<IReadOnlyList<int>> AppendAsync(TenantId tenant, IReadOnlyList<FeedEvent> events, CancellationToken cancellationToken) =>
        power.CallAsync(() => log.CallAsync(FeedOperation.Append, tenant, it => it.AppendAsync(tenant, events, CancellationToken.None)));

    public Task<FeedSlice> ReadAsync(TenantId tenant, long after, int count, CancellationToken cancellationToken) =>
        power.CallAsync(() => log.CallAsync(FeedOperation.Read, tenant, it => it.ReadAsync(tenant, after, count, cancellationToken)));
}
