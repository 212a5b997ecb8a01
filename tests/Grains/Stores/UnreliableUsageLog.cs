using Microsoft.Extensions.Logging.Abstractions;
using Podflare.Harness;
using Podflare.Tenants;
using Podflare.Usage;

namespace Podflare.Stores;

/// <summary>The usage log of a cluster, which outlives its silos: the product's own for the embedded process. Inherits the faults that calls can be made to meet.</summary>
public sealed class UnreliableUsageLog(Clock clock, string folder) : FaultPlan<UsageOperation>(() => new StorageUnavailableException()), IDisposable
{
    private int _folders;
    private FileUsageLog _log = Open(clock, Path.Combine(folder, "usage"));

    /// <summary>The truth about what a key has used, on one day or on all.</summary>
    public async Task<UsageAmounts> TotalAsync(string? key = null, DateOnly? day = null)
    {
        var today = DateOnly.FromDateTime(clock.GetUtcNow().UtcDateTime);
        var rows = await _log.ReadAsync(GrainCluster.Tenant, day ?? today.AddDays(-3), day ?? today.AddDays(3), CancellationToken.None);
        return rows.Where(row => row.Key == key).Aggregate(default(UsageAmounts), (sum, row) => sum + row.Amounts);
    }

    public void Dispose() => _log.Dispose();

    /// <summary>Forgets everything, for the next test.</summary>
    internal void Clear()
    {
        ClearFaults();
        _log.Dispose();
        _log = Open(clock, Path.Combine(folder, $"usage{++_folders}"));
    }

    internal Task<T> CallAsync<T>(UsageOperation operation, string subject, Func<IUsageLog, Task<T>> call) => MeetAsync(operation, subject, () => call(_log));

    private static FileUsageLog Open(Clock clock, string folder) => new(folder, new UsageOptions(), clock, NullLogger<FileUsageLog>.Instance);
}

/// <summary>The usage log as one silo sees it: through its power.</summary>
internal sealed class SiloUsageLog(UnreliableUsageLog log, Power power) : IUsageLog
{
    public Task FoldAsync(TenantId tenant, UsageFold fold, CancellationToken cancellationToken) => power.CallAsync(() => log.CallAsync(
        UsageOperation.Fold,
        fold.IsFinal ? $"{fold.Sandbox} final" : fold.Sandbox.Value,
        async it =>
        {
            await it.FoldAsync(tenant, fold, CancellationToken.None);
            return true;
        }).WaitAsync(cancellationToken));

    public Task<IReadOnlyList<UsageRow>> ReadAsync(TenantId tenant, DateOnly from, DateOnly to, CancellationToken cancellationToken) =>
        power.CallAsync(() => log.CallAsync(UsageOperation.Read, "", it => it.ReadAsync(tenant, from, to, cancellationToken)));

    public Task<IReadOnlyList<TenantId>> ListTenantsAsync(CancellationToken cancellationToken) =>
        power.CallAsync(() => log.CallAsync(UsageOperation.Read, "", it => it.ListTenantsAsync(cancellationToken)));
}
