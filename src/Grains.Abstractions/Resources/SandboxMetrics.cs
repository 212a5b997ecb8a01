using System.Collections.Immutable;

namespace Podflare.Resources;

/// <summary>What a sandbox uses, over time.</summary>
/// <param name="Interval">Time between two points from now on.</param>
/// <param name="Points">The oldest first. Empty after its worker has started anew.</param>
[GenerateSerializer, Immutable, Alias("podflare.SandboxMetrics")]
public sealed record SandboxMetrics(
    [property: Id(0)] TimeSpan Interval, [property: Id(1)] ResourceLimits Limits, [property: Id(2)] ImmutableArray<ResourcePoint> Points);

/// <summary>The most that a sandbox may use. Null where this is not known (any more).</summary>
/// <param name="Processes">Processes and threads, the guest's own included.</param>
/// <param name="DiskBytes">Size of the home. What it holds is memory, too.</param>
[GenerateSerializer, Immutable, Alias("podflare.ResourceLimits")]
public sealed record ResourceLimits(
    [property: Id(0)] double? Cpus, [property: Id(1)] long? MemoryBytes, [property: Id(2)] int? Processes, [property: Id(3)] long? DiskBytes);

/// <summary>What a sandbox has used at one moment. A figure that the kernel does not give is null, never zero.</summary>
/// <param name="Cpu">CPUs that were used on average since the point before; null for the first.</param>
/// <param name="CpuTime">CPU time in all.</param>
/// <param name="MemoryPeakBytes">The most memory that its container ever held.</param>
/// <param name="Throttled">Time in all for which the CPU limit has stopped it.</param>
[GenerateSerializer, Immutable, Alias("podflare.ResourcePoint")]
public readonly record struct ResourcePoint(
    [property: Id(0)] DateTimeOffset At,
    [property: Id(1)] double? Cpu,
    [property: Id(2)] TimeSpan CpuTime,
    [property: Id(3)] long? MemoryBytes,
    [property: Id(4)] long? MemoryPeakBytes,
    [property: Id(5)] long? DiskBytes,
    [property: Id(6)] int? Processes,
    [property: Id(7)] int? OomKills,
    [property: Id(8)] TimeSpan? Throttled);
