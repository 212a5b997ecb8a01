using System.ComponentModel.DataAnnotations;

namespace Podflare.Sandboxes;

/// <summary>Defaults and maxima of a create. Section <c>Podflare:Create</c>.</summary>
public sealed class CreateOptions
{
    public const string Section = "Podflare:Create";

    /// <summary>Template where the request names none. Default: <c>default</c>.</summary>
    [Required]
    public string DefaultTemplate { get; set; } = "default";

    /// <summary>Total lifetime where the request names none, in seconds. Default: 86,400 (24 h).</summary>
    [Range(1, 31_536_000)]
    public int DefaultLifetimeSeconds { get; set; } = 86_400;

    /// <summary>Longest total lifetime, in seconds; more is brought down with a warning. Default: 604,800 (7 days).</summary>
    [Range(1, 31_536_000)]
    public int MaxLifetimeSeconds { get; set; } = 604_800;

    /// <summary>Idle limit where the request names none, in seconds. Default: 1,800 (30 min).</summary>
    [Range(1, 31_536_000)]
    public int DefaultIdleSeconds { get; set; } = 1_800;

    /// <summary>Longest idle limit, in seconds; more is brought down with a warning. Default: 86,400 (24 h).</summary>
    [Range(1, 31_536_000)]
    public int MaxIdleSeconds { get; set; } = 86_400;

    /// <summary>Smallest <c>ram_mib</c>, in MiB: a guest does not start with less. Default: 64.</summary>
    [Range(16, 1024 * 1024)]
    public int MinRamMib { get; set; } = 64;

    /// <summary>Sandboxes may have a way out to the network when they ask for it. Default: false.</summary>
    public bool OfferEgress { get; set; }

    /// <summary>Sandboxes have a way out when the request does not say. Needs <see cref="OfferEgress"/>. Default: false.</summary>
    public bool EgressByDefault { get; set; }

    /// <summary>Pairs in <c>metadata</c>. Default: 32.</summary>
    [Range(1, 1024)]
    public int MaxMetadataPairs { get; set; } = 32;

    /// <summary>Bytes of all names and values in <c>env</c>. Default: 64 KiB.</summary>
    [Range(1024, 1024 * 1024)]
    public int MaxEnvBytes { get; set; } = 64 * 1024;

    /// <summary>Sandboxes on a page of a list where the request does not say. Default: 100.</summary>
    [Range(1, 10_000)]
    public int DefaultPage { get; set; } = 100;

    /// <summary>Sandboxes on a page of a list at most; more is brought down with a warning. Default: 1,000.</summary>
    [Range(1, 10_000)]
    public int MaxPage { get; set; } = 1_000;
}
