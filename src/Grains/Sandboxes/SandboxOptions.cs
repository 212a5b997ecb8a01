using System.ComponentModel.DataAnnotations;

namespace Podflare.Sandboxes;

/// <summary>Limits of sandboxes. Section <c>Podflare:Sandboxes</c>.</summary>
public sealed class SandboxOptions
{
    public const string Section = "Podflare:Sandboxes";

    /// <summary>Time after which a guest that is not connected counts as dead although its container runs, in seconds. Time in which the container is paused does not count. Default: 60.</summary>
    [Range(5, 3_600)]
    public double GuestPatienceSeconds { get; set; } = 60;

    /// <summary>Time within which the guest must answer a request; after it the caller gets 503, in seconds. Default: 10.</summary>
    [Range(0.1, 20)]
    public double GuestAnswerSeconds { get; set; } = 10;

    /// <summary>Time that killed runs have to report their end when their sandbox ends, in seconds. Default: 2.</summary>
    [Range(0, 30)]
    public double EndPatienceSeconds { get; set; } = 2;

    /// <summary>Time after which a run that the guest does not hold, and that nobody asked for again, is withdrawn, in seconds. Default: 30.</summary>
    [Range(1, 600)]
    public double WithdrawSeconds { get; set; } = 30;

    /// <summary>Time after which a sandbox with a run that still executes gets a sixteenth of its CPU weight against others, in seconds. Default: 2.</summary>
    [Range(0.5, 86_400)]
    public double LongRunSeconds { get; set; } = 2;

    /// <summary>Time after the last long run for which a sandbox keeps its low CPU weight, in seconds. Default: 30.</summary>
    [Range(0, 3_600)]
    public double LowPrioritySeconds { get; set; } = 30;

    /// <summary>Longest total lifetime that a worker accepts, in seconds. Frontends apply their own, lower maximum first. Default: 31,536,000 (365 days).</summary>
    [Range(1, 31_536_000)]
    public int MaxLifetimeSeconds { get; set; } = 31_536_000;

    /// <summary>Longest idle limit that a worker accepts, in seconds. Frontends apply their own, lower maximum first. Default: 31,536,000 (365 days).</summary>
    [Range(1, 31_536_000)]
    public int MaxIdleSeconds { get; set; } = 31_536_000;

    /// <summary>Pairs of metadata that a worker accepts. Frontends apply their own, lower maximum first. Default: 1,024.</summary>
    [Range(0, 1_024)]
    public int MaxMetadataPairs { get; set; } = 1_024;

    /// <summary>Bytes of all names and values of <c>env</c> that a worker accepts. Frontends apply their own, lower maximum first. Default: 1 MiB.</summary>
    [Range(0, 1024 * 1024)]
    public int MaxEnvBytes { get; set; } = 1024 * 1024;

    /// <summary>Entries that the in-memory stores of the embedded process hold; the oldest that may expire is removed first. Default: 100,000.</summary>
    [Range(100, 10_000_000)]
    public int MaxMemoryRecords { get; set; } = 100_000;
}
