using System.ComponentModel.DataAnnotations;

namespace Podflare.Telemetry;

/// <summary>How log lines get to the console.</summary>
public sealed class LogLineOptions
{
    public const string Section = "Podflare:Logs";

    /// <summary>Time that a line may wait for others, in milliseconds, so that they are written at once. Default: 10.</summary>
    [Range(1, 1_000)]
    public int DelayMilliseconds { get; set; } = 10;

    /// <summary>Lines that wait, in bytes; who brings more waits for the console. Default: 1 MiB.</summary>
    [Range(4_096, 1 << 28)]
    public int MaxBytes { get; set; } = 1 << 20;
}
