using Podflare.Tenants;

namespace Podflare.Destinations;

/// <summary>Reads destinations as they are stored.</summary>
internal interface IDestinationReader
{
    /// <returns>Null for a tenant without a destination.</returns>
    Task<StoredDestination?> ReadAsync(TenantId tenant);
}

/// <summary>Asks the tenant's grain.</summary>
internal sealed class DestinationReader(IGrainFactory grains) : IDestinationReader
{
    public Task<StoredDestination?> ReadAsync(TenantId tenant) => grains.GetGrain<IDestinationGrain>(tenant.Value).Read();
}
