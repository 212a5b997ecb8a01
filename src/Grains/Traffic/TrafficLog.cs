using System.Collections.Concurrent;
using Podflare.Tenants;

namespace Podflare.Traffic;

/// <summary>What the tenants do on this process. In memory only, and bounded: beyond the limit, the tenant goes that was quiet for longest.</summary>
public sealed class TrafficLog(TimeProvider time)
{
    /// <summary>Tenants that are kept.</summary>
    public const int MaxTenants = 1_000;

    private readonly ConcurrentDictionary<TenantId, TenantTraffic> _tenants = new();
    private readonly Lock _gate = new();

    public TenantTraffic Of(TenantId tenant)
    {
        if (_tenants.TryGetValue(tenant, out var known)) return known;
        lock (_gate)
        {
            if (_tenants.Count >= MaxTenants) MakeRoom();
            return _tenants.GetOrAdd(tenant, _ => new TenantTraffic(time));
        }
    }

    // One with open runs stays: they are counted in it.
    private void MakeRoom()
    {
        var quiet = _tenants.Where(pair => pair.Value.Open <= 0).MinBy(pair => pair.Value.UsedAt);
        if (quiet.Value is not null) _tenants.TryRemove(quiet);
    }
}
