using System.Collections.Immutable;
using Podflare.Tenants;

namespace Podflare.Limits;

/// <summary>A rate that may be exceeded for a moment.</summary>
/// <param name="PerSecond">How much is allowed on average.</param>
/// <param name="Burst">How much may be used at once after a pause.</param>
public readonly record struct RateLimit(double PerSecond, double Burst);

/// <summary>How much a tenant may use, with the server's defaults in place of what the tenant has no limit of its own for.</summary>
/// <param name="Requests">Requests over all frontends.</param>
/// <param name="Creates">Creates of sandboxes over all frontends.</param>
/// <param name="Sandboxes">Sandboxes that may exist at the same time.</param>
/// <param name="MemoryMib">Sum of their memory limits, in MiB.</param>
/// <param name="Running">Runs that may execute at the same time.</param>
/// <param name="Lifetime">Longest lifetime of a sandbox; null for the server's maximum.</param>
/// <param name="Idle">Longest time that a sandbox may be idle; null for the server's maximum.</param>
/// <param name="OutputBytes">Stored events of its runs, in bytes.</param>
/// <param name="FileBytes">Size of one file that is uploaded, in bytes.</param>
/// <param name="Transfers">Files that may be transferred at the same time, on one frontend.</param>
/// <param name="LargeBodies">Request bodies over 1 MiB that may be in transfer at the same time, on one frontend; null for a quarter of the server's.</param>
/// <param name="EgressHosts">Host names that its sandboxes may connect to; null for what the server offers.</param>
public sealed record EffectiveLimits(
    RateLimit Requests,
    RateLimit Creates,
    int Sandboxes,
    long MemoryMib,
    int Running,
    TimeSpan? Lifetime,
    TimeSpan? Idle,
    long OutputBytes,
    long FileBytes,
    int Transfers,
    int? LargeBodies,
    ImmutableArray<string>? EgressHosts);

/// <summary>The limits of all tenants, as this process knows them.</summary>
public interface ITenantLimits
{
    /// <summary>Complete when the limits of all tenants have been read once.</summary>
    Task Loaded { get; }

    /// <summary>The limits of a tenant; null where it has none, as on a server without tenants. The same object until the limits change.</summary>
    EffectiveLimits? Find(TenantId tenant);
}
