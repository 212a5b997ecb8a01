using Podflare.Hosts;
using Podflare.Tenants;

namespace Podflare.Destinations;

/// <inheritdoc cref="IDestinationHostGrain"/>
/// <remarks>It lives on the worker of the host that its key names. It stays nowhere, so that each call is placed where that worker is now.</remarks>
[GrainType("destinationhost"), HostPlacement]
public sealed class DestinationHostGrain : Grain, IDestinationHostGrain
{
    private readonly TenantDestinations _destinations;

    public DestinationHostGrain(IServiceProvider services) => _destinations = (TenantDestinations)services.GetService(typeof(TenantDestinations))!;

    public async Task Refresh(TenantId tenant)
    {
        DeactivateOnIdle();
        await _destinations.RefreshAsync(tenant);
    }

    public Task<DestinationCounters> Count(TenantId tenant)
    {
        DeactivateOnIdle();
        return Task.FromResult(_destinations.Count(tenant));
    }
}
