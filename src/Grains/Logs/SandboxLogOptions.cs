using System.ComponentModel.DataAnnotations;

namespace Podflare.Logs;

/// <summary>The lines about sandboxes that <c>GET /v1/sandboxes/{id}/logs</c> shows. Section <c>Podflare:Logs</c>.</summary>
public sealed class SandboxLogOptions
{
    public const string Section = "Podflare:Logs";

    /// <summary>Lines that are kept per sandbox; the oldest go first. Default: 200.</summary>
    [Range(10, 2_000)]
    public int SandboxLines { get; set; } = 200;

    /// <summary>Hours for which the lines of a sandbox are kept after its newest one. Default: 24.</summary>
    [Range(0.01, 720)]
    public double SandboxHours { get; set; } = 24;

    /// <summary>Lines of all sandboxes that wait in one process to be stored; more are dropped and counted. Default: 10,000.</summary>
    [Range(100, 1_000_000)]
    public int MaxPendingLines { get; set; } = 10_000;

    /// <summary>Lines of all sandboxes that an embedded process keeps; those of the sandbox that was quiet for longest go first. Default: 50,000.</summary>
    [Range(1_000, 10_000_000)]
    public int MaxMemoryLines { get; set; } = 50_000;
}
