using Podflare.Limits;
using Podflare.Tenants;

namespace Podflare.Harness;

/// <summary>The same limits for every tenant.</summary>
internal sealed class SameLimits(EffectiveLimits limits) : ITenantLimits
{
    public Task Loaded => Task.CompletedTask;

    public EffectiveLimits? Find(TenantId tenant) => limits;
}
