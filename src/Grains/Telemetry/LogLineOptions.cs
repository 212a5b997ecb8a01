using System.ComponentModel.DataAnnotations;

namespace Podflare.Telemetry;

/// <summary>How log lines get to the console.</summary>
public sealed class LogLineOptions
{
    public const string Section = "Podflare:Logs";

    /// <summary>Time that a line may wait for others, in milliseconds, so that they are written at once. Default: 10.</summary>
    [Range(1, 1_000)]
    public int DelayMilliseconds { get; set; } = 10;

    /// <summary>Bytes of lines that wait to be written; a caller that adds more blocks until the console has taken them. Default: 1 MiB.</summary>
    [Range(4_096, 1 << 28)]
    public int MaxBytes { get; set; } = 1 << 20;
}
