using Podflare.Limits;

namespace Podflare.Sandboxes;

/// <summary>The longest times that a tenant's sandboxes may have. Longer ones are reduced.</summary>
internal static class TenantMaxima
{
    public static SandboxSpec Reduce(SandboxSpec spec, EffectiveLimits? limits) =>
        limits is null ? spec : spec with { Lifetime = Min(spec.Lifetime, limits.Lifetime), IdleLimit = Min(spec.IdleLimit, limits.Idle) };

    public static SandboxUpdate Reduce(SandboxUpdate update, EffectiveLimits? limits) => limits is null ? update : update with
    {
        Lifetime = update.Lifetime is { } lifetime ? Min(lifetime, limits.Lifetime) : null,
        IdleLimit = update.IdleLimit is { } idle ? Min(idle, limits.Idle) : null,
    };

    private static TimeSpan Min(TimeSpan wanted, TimeSpan? most) => wanted > most ? most.Value : wanted;
}
