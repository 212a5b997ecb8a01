namespace Podflare;

/// <summary>What the sandbox used while a run executed. Runs that execute at the same time share it. A figure that the server does not know is null.</summary>
public sealed record RunUsage
{
    /// <summary>The CPU time in seconds.</summary>
    public double? CpuSeconds { get; init; }

    /// <summary>How long the CPU limit stopped the sandbox, in seconds.</summary>
    public double? ThrottledSeconds { get; init; }

    /// <summary>The most memory in bytes, including files in <c>/root</c> and <c>/tmp</c>.</summary>
    public long? MemoryPeakBytes { get; init; }

    /// <summary>The most processes and threads, including Podflare's own.</summary>
    public int? ProcessesPeak { get; init; }

    /// <summary>What the home directory held at the end, in bytes.</summary>
    public long? DiskUsedBytes { get; init; }

    /// <summary>The number of processes that were killed because the memory was full.</summary>
    public int? OomKills { get; init; }
}
