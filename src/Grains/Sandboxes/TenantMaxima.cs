using Podflare.Limits;

namespace Podflare.Sandboxes;

/// <summary>The longest times and the network access that a tenant's sandboxes may have. What is beyond them is reduced, for grain clients too.</summary>
internal static class TenantMaxima
{
    public static SandboxSpec Reduce(SandboxSpec spec, EffectiveLimits? limits)
    {
        if (limits is null) return spec;
        spec = spec with { Lifetime = Min(spec.Lifetime, limits.Lifetime), IdleLimit = Min(spec.IdleLimit, limits.Idle) };
        return limits.EgressHosts is { } hosts ? EgressHosts.Within(spec, hosts, out _) : spec;
    }

    public static SandboxUpdate Reduce(SandboxUpdate update, EffectiveLimits? limits) => limits is null ? update : update with
    {
        Lifetime = update.Lifetime is { } lifetime ? Min(lifetime, limits.Lifetime) : null,
        IdleLimit = update.IdleLimit is { } idle ? Min(idle, limits.Idle) : null,
    };

    private static TimeSpan Min(TimeSpan wanted, TimeSpan? most) => wanted > most ? most.Value : wanted;
}
