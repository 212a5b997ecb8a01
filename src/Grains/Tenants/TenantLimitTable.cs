using System.Collections.Concurrent;
using Microsoft.Extensions.Options;
using Podflare.Limits;

namespace Podflare.Tenants;

/// <inheritdoc cref="ITenantLimits"/>
/// <remarks>Where callers are authenticated, a tenant without a record has the default limits. A server without authentication limits nothing.</remarks>
public sealed class TenantLimitTable(TenantDirectory tenants, LimitEnforcement enforcement, IOptions<LimitOptions> defaults) : ITenantLimits
{
    private readonly EffectiveLimits _default = defaults.Value.Apply(TenantLimits.None);
    private readonly ConcurrentDictionary<TenantId, (TenantLimits Own, EffectiveLimits Effective)> _limits = new();

    public Task Loaded { get; } = Task.WhenAll(tenants.Loaded, enforcement.Known);

    public EffectiveLimits? Find(TenantId tenant)
    {
        if (tenants.Find(tenant) is not { Limits: var own }) return enforcement.IsOn ? _default : null;
        if (_limits.TryGetValue(tenant, out var known) && ReferenceEquals(known.Own, own)) return known.Effective;
        var effective = defaults.Value.Apply(own);
        _limits[tenant] = (own, effective);
        return effective;
    }
}
