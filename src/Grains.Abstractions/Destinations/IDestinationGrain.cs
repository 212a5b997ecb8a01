using System.Collections.Immutable;
using Orleans.Concurrency;
using Podflare.Audit;
using Podflare.Tenants;

namespace Podflare.Destinations;

/// <summary>Where a tenant's telemetry goes. Key: the tenant.</summary>
[Alias("podflare.IDestinationGrain")]
public interface IDestinationGrain : IGrainWithStringKey
{
    /// <summary>Sets or replaces the destination. When it returns, the live workers use it, or a warning says that some do not yet. Safe to repeat.</summary>
    /// <exception cref="InvalidRequestException">The endpoint is not allowed.</exception>
    /// <exception cref="SecretKeyMissingException">The server has no key to store headers under.</exception>
    [Alias("Set")]
    Task<DestinationChange> Set(DestinationSpec spec, AuditOrigin origin);

    /// <summary>Removes the destination. Safe to repeat.</summary>
    /// <returns>Warnings.</returns>
    [Alias("Delete")]
    Task<ImmutableArray<string>> Delete(AuditOrigin origin);

    /// <summary>The destination with what the live workers have sent there; null for none.</summary>
    [AlwaysInterleave, Alias("Get")]
    Task<DestinationInfo?> Get();

    /// <summary>Sends one span.</summary>
    [AlwaysInterleave, Alias("Test")]
    Task<DestinationTest> Test();

    /// <summary>The destination as it is stored, for workers; null for none.</summary>
    [AlwaysInterleave, Alias("Read")]
    Task<StoredDestination?> Read();
}

/// <summary>What the worker of one host knows of destinations. Key: the host.</summary>
[Alias("podflare.IDestinationHostGrain")]
public interface IDestinationHostGrain : IGrainWithStringKey
{
    /// <summary>Reads the destination of a tenant again. When it returns, the worker uses it.</summary>
    [AlwaysInterleave, Alias("Refresh")]
    Task Refresh(TenantId tenant);

    /// <summary>What the worker has sent there since it uses the destination.</summary>
    [AlwaysInterleave, Alias("Count")]
    Task<DestinationCounters> Count(TenantId tenant);
}
