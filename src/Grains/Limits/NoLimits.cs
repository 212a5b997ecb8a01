using Podflare.Tenants;

namespace Podflare.Limits;

/// <summary>No tenant has limits, because this process knows of none.</summary>
public sealed class NoLimits : ITenantLimits
{
    public Task Loaded => Task.CompletedTask;

    public EffectiveLimits? Find(TenantId tenant) => null;
}
