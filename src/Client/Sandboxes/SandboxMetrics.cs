using System.Text.Json.Serialization;

namespace Podflare;

/// <summary>What a sandbox uses over time.</summary>
public sealed record SandboxMetrics
{
    /// <summary>The time between two points from now on, in seconds.</summary>
    public required double IntervalSeconds { get; init; }

    /// <summary>The most that the sandbox can use.</summary>
    public required ResourceLimits Limits { get; init; }

    /// <summary>The points, oldest first.</summary>
    public required IReadOnlyList<MetricsPoint> Points { get; init; }
}

/// <summary>The most that a sandbox can use. Null for what the server does not know.</summary>
public sealed record ResourceLimits
{
    /// <summary>The number of CPUs, which may be a fraction.</summary>
    public double? Cpus { get; init; }

    /// <summary>The memory in bytes.</summary>
    public long? MemoryBytes { get; init; }

    /// <summary>The number of processes and threads, including Podflare's own.</summary>
    public int? Processes { get; init; }

    /// <summary>The size of the home directory in bytes. Its files are memory, too.</summary>
    public long? DiskBytes { get; init; }
}

/// <summary>What a sandbox used at one moment. A figure that the server does not know is null.</summary>
public sealed record MetricsPoint
{
    /// <summary>When it was measured, in Unix milliseconds.</summary>
    [JsonPropertyName("ts")]
    public required long UnixMilliseconds { get; init; }

    /// <summary>When it was measured.</summary>
    [JsonIgnore]
    public DateTimeOffset At => DateTimeOffset.FromUnixTimeMilliseconds(UnixMilliseconds);

    /// <summary>The number of CPUs that were used on average since the point before; null for the first point.</summary>
    public double? Cpu { get; init; }

    /// <summary>The CPU time in all, in seconds.</summary>
    public double CpuSeconds { get; init; }

    /// <summary>The memory in bytes, including files in <c>/root</c> and <c>/tmp</c>.</summary>
    public long? MemoryBytes { get; init; }

    /// <summary>The most memory that its container ever held, in bytes.</summary>
    public long? MemoryPeakBytes { get; init; }

    /// <summary>What the home directory holds, in bytes.</summary>
    public long? DiskBytes { get; init; }

    /// <summary>The number of processes and threads.</summary>
    public int? Processes { get; init; }

    /// <summary>The number of processes that were killed because the memory was full.</summary>
    public int? OomKills { get; init; }

    /// <summary>How long in all the CPU limit stopped the sandbox, in seconds.</summary>
    public double? ThrottledSeconds { get; init; }
}
