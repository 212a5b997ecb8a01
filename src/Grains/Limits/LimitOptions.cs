using System.ComponentModel.DataAnnotations;
using Podflare.Tenants;

namespace Podflare.Limits;

/// <summary>Limits of every tenant that has no limits of its own. They apply where callers are authenticated. Section <c>Podflare:Tenants:Limits</c>.</summary>
public sealed class LimitOptions
{
    public const string Section = "Podflare:Tenants:Limits";

    /// <summary>Requests per second, over all frontends; more get 429 <c>rate_limited</c>. Default: 100.</summary>
    [Range(0.1, 1_000_000)]
    public double RequestsPerSecond { get; set; } = 100;

    /// <summary>Requests that may be made at once after a pause. Default: 200.</summary>
    [Range(1, 1_000_000)]
    public int RequestBurst { get; set; } = 200;

    /// <summary>Sandboxes that may be created per second, over all frontends; more get 429 <c>rate_limited</c>. Default: 5.</summary>
    [Range(0.01, 100_000)]
    public double CreatesPerSecond { get; set; } = 5;

    /// <summary>Sandboxes that may be created at once after a pause. Default: 20.</summary>
    [Range(1, 100_000)]
    public int CreateBurst { get; set; } = 20;

    /// <summary>Sandboxes that may exist at the same time; one more gets 429 <c>sandbox_quota_exceeded</c>. Default: 20.</summary>
    [Range(0, 1_000_000)]
    public int Sandboxes { get; set; } = 20;

    /// <summary>Sum of the memory limits of these sandboxes, in MiB; more gets 429 <c>sandbox_quota_exceeded</c>. Default: 16,384.</summary>
    [Range(0, 1L << 40)]
    public long MemoryMib { get; set; } = 16_384;

    /// <summary>
    /// Runs that may execute at the same time; one more waits for a moment, then gets 429 <c>run_quota_exceeded</c>. Of processes, only those with
    /// <c>keep_alive</c> count. Default: 10.
    /// </summary>
    [Range(0, 1_000_000)]
    public int Running { get; set; } = 10;

    /// <summary>Longest lifetime of a sandbox, in seconds; more is reduced with a warning. Not set: the server's maximum.</summary>
    [Range(1, 604_800)]
    public double? LifetimeSeconds { get; set; }

    /// <summary>Longest idle limit of a sandbox, in seconds; more is reduced with a warning. Not set: the server's maximum.</summary>
    [Range(1, 604_800)]
    public double? IdleSeconds { get; set; }

    /// <summary>
    /// Stored events of its runs, in bytes. Beyond it, the events of the tenant's oldest ended runs are removed; while those of open runs alone
    /// exceed it, new runs get 429 <c>output_quota_exceeded</c>. Default: 1 GiB.
    /// </summary>
    [Range(1024 * 1024, 1L << 50)]
    public long OutputBytes { get; set; } = 1L << 30;

    /// <summary>Size of one file that is uploaded, in bytes; a larger one gets 413 <c>file_too_large</c>. Default: 4 GiB.</summary>
    [Range(1, 1L << 50)]
    public long FileBytes { get; set; } = 4L << 30;

    /// <summary>Files that may be transferred at the same time on one frontend; one more gets 429 <c>rate_limited</c>. Default: 32.</summary>
    [Range(1, 4_096)]
    public int Transfers { get; set; } = 32;

    /// <summary>
    /// Request bodies over 1 MiB that may be in transfer at the same time on one frontend; further ones wait. Not set: a quarter of
    /// <c>Podflare:Http:MaxLargeBodies</c>.
    /// </summary>
    [Range(1, 1_024)]
    public int? LargeBodies { get; set; }

    /// <summary>The limits of a tenant that has these of its own.</summary>
    public EffectiveLimits Apply(TenantLimits own) => new(
        new RateLimit(own.RequestsPerSecond ?? RequestsPerSecond, own.RequestBurst ?? RequestBurst),
        new RateLimit(own.CreatesPerSecond ?? CreatesPerSecond, own.CreateBurst ?? CreateBurst),
        own.Sandboxes ?? Sandboxes,
        own.MemoryMib ?? MemoryMib,
        own.Running ?? Running,
        Seconds(own.LifetimeSeconds ?? LifetimeSeconds),
        Seconds(own.IdleSeconds ?? IdleSeconds),
        own.OutputBytes ?? OutputBytes,
        own.FileBytes ?? FileBytes,
        own.Transfers ?? Transfers,
        own.LargeBodies ?? LargeBodies,
        own.EgressHosts);

    private static TimeSpan? Seconds(double? value) => value is { } seconds ? TimeSpan.FromSeconds(seconds) : null;
}
