using System.ComponentModel.DataAnnotations;

namespace Podflare.Sandboxes;

/// <summary>Limits of sandboxes. Section <c>Podflare:Sandboxes</c>.</summary>
public sealed class SandboxOptions
{
    public const string Section = "Podflare:Sandboxes";

    /// <summary>A guest that is away for so long while its container runs counts as dead, in seconds. Default: 60.</summary>
    [Range(5, 3_600)]
    public double GuestPatienceSeconds { get; set; } = 60;

    /// <summary>Time for the guest to take a request; then the caller gets 503, in seconds. Default: 10.</summary>
    [Range(0.1, 20)]
    public double GuestAnswerSeconds { get; set; } = 10;

    /// <summary>Time that the end of a sandbox leaves its runs to end by themselves once killed, in seconds. Default: 2.</summary>
    [Range(0, 30)]
    public double EndPatienceSeconds { get; set; } = 2;

    /// <summary>Time after which a run that the guest does not hold, and that nobody asked for again, is withdrawn, in seconds. Default: 30.</summary>
    [Range(1, 600)]
    public double WithdrawSeconds { get; set; } = 30;

    /// <summary>Time after which a sandbox whose run still goes on gets a sixteenth of its weight against others for the CPU, in seconds. Default: 2.</summary>
    [Range(0.5, 86_400)]
    public double LongRunSeconds { get; set; } = 2;

    /// <summary>Entries that the in-memory stores of the embedded process hold; the oldest that may expire goes first. Default: 100,000.</summary>
    [Range(100, 10_000_000)]
    public int MaxMemoryRecords { get; set; } = 100_000;
}
