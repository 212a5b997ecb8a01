using Podflare.Limits;
using Podflare.Tenants;

namespace Podflare.Scripted;

/// <summary>The limits that a test gives to tenants.</summary>
internal sealed class ScriptedLimits(World world) : ITenantLimits
{
    public Task Loaded => Task.CompletedTask;

    public EffectiveLimits? Find(TenantId tenant) => world.Limits.GetValueOrDefault(tenant);
}
