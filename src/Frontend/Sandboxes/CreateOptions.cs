using System.ComponentModel.DataAnnotations;
using Podflare.Limits;

namespace Podflare.Sandboxes;

/// <summary>Defaults and maxima for new sandboxes. Configuration section <c>Podflare:Create</c>.</summary>
public sealed class CreateOptions
{
    public const string Section = "Podflare:Create";

    /// <summary>Template when the request does not name one. Default: <c>default</c>.</summary>
    [Required]
    public string DefaultTemplate { get; set; } = "default";

    /// <summary>Total lifetime when the request does not set one, in seconds. Default: 86,400 (24 h).</summary>
    [Range(1, 31_536_000)]
    public int DefaultLifetimeSeconds { get; set; } = 86_400;

    /// <summary>Longest total lifetime, in seconds; a longer one is reduced, with a warning. Default: 604,800 (7 days).</summary>
    [Range(1, 31_536_000)]
    public int MaxLifetimeSeconds { get; set; } = 604_800;

    /// <summary>Idle limit when the request does not set one, in seconds. Default: 1,800 (30 min).</summary>
    [Range(1, 31_536_000)]
    public int DefaultIdleSeconds { get; set; } = 1_800;

    /// <summary>Longest idle limit, in seconds; a longer one is reduced, with a warning. Default: 86,400 (24 h).</summary>
    [Range(1, 31_536_000)]
    public int MaxIdleSeconds { get; set; } = 86_400;

    /// <summary>Smallest <c>ram_mib</c>, in MiB; a guest does not start with less. Default: 64.</summary>
    [Range(16, 1024 * 1024)]
    public int MinRamMib { get; set; } = 64;

    /// <summary>Whether sandboxes may have network access when they request it. Default: false.</summary>
    public bool OfferEgress { get; set; }

    /// <summary>Whether sandboxes may reach the hosts that the request names. <see cref="OfferEgress"/> includes this. Default: false.</summary>
    public bool OfferNamedEgress { get; set; }

    /// <summary>Whether sandboxes have network access when the request does not say. Needs <see cref="OfferEgress"/>. Default: false.</summary>
    public bool EgressByDefault { get; set; }

    /// <summary>Largest number of pairs in <c>metadata</c>. Default: 32.</summary>
    [Range(1, 1024)]
    public int MaxMetadataPairs { get; set; } = 32;

    /// <summary>Largest number of bytes of all names and values in <c>env</c>. Default: 64 KiB.</summary>
    [Range(1024, 1024 * 1024)]
    public int MaxEnvBytes { get; set; } = 64 * 1024;

    /// <summary>Sandboxes on a page of a list when the request does not say. Default: 100.</summary>
    [Range(1, 10_000)]
    public int DefaultPage { get; set; } = 100;

    /// <summary>Largest number of sandboxes on a page of a list; a larger <c>limit</c> is reduced, with a warning. Default: 1,000.</summary>
    [Range(1, 10_000)]
    public int MaxPage { get; set; } = 1_000;

    /// <summary>Longest total lifetime of a sandbox of a tenant, in seconds.</summary>
    internal int MaxLifetimeOf(EffectiveLimits? tenant) => Min(MaxLifetimeSeconds, tenant?.Lifetime);

    /// <summary>Longest idle limit of a sandbox of a tenant, in seconds.</summary>
    internal int MaxIdleOf(EffectiveLimits? tenant) => Min(MaxIdleSeconds, tenant?.Idle);

    private static int Min(int seconds, TimeSpan? limit) => limit is { TotalSeconds: var most } && most < seconds ? Math.Max(1, (int)most) : seconds;
}
