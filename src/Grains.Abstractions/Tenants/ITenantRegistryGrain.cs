using System.Collections.Immutable;
using Orleans.Concurrency;

namespace Podflare.Tenants;

/// <summary>All tenants that were ever created, and which of them have changed. Key: <see cref="Key"/>.</summary>
[Alias("podflare.ITenantRegistryGrain")]
public interface ITenantRegistryGrain : IGrainWithStringKey
{
    /// <summary>The key of the only registry.</summary>
    const string Key = "tenants";

    /// <summary>The tenants that have changed since an earlier call.</summary>
    /// <param name="epoch">Of the earlier answer; with another one than the registry's own, the answer has all tenants.</param>
    /// <param name="after">The counter of the earlier answer; 0 for all tenants.</param>
    [AlwaysInterleave, Alias("Changes")]
    Task<TenantChanges> Changes(Guid epoch, long after);

    /// <summary>Adds a tenant. Called before its own record is written, so that no tenant can be missed. Repeating it is safe.</summary>
    [Alias("Add")]
    Task Add(TenantId tenant);

    /// <summary>A tenant's record was written.</summary>
    [Alias("Notify")]
    Task Notify(TenantId tenant);

    /// <summary>All tenants, ordered by id.</summary>
    [AlwaysInterleave, Alias("List")]
    Task<ImmutableArray<TenantId>> List();
}
