using Orleans.Concurrency;
using Orleans.Runtime;
using Podflare.Tenants;

namespace Podflare.Runs;

/// <summary>How far a client that polls has read the watches of a sandbox, on every sandbox grain. Kept in memory: after a crash of the worker, events may come again.</summary>
[Alias("podflare.IWatcherExtension")]
public interface IWatcherExtension : IGrainExtension
{
    /// <summary>The last event that was read; 0 for none.</summary>
    [AlwaysInterleave, Alias("GetPosition")]
    Task<long> GetPosition(TenantId tenant, RunId watch, CancellationToken cancellationToken = default);

    [AlwaysInterleave, Alias("SetPosition")]
    Task SetPosition(TenantId tenant, RunId watch, long position, CancellationToken cancellationToken = default);
}
