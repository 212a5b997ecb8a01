namespace Podflare.Resources;

/// <summary>What a container has used while a run executed in it. A figure that the kernel does not give is null, never zero.</summary>
/// <param name="CpuMicroseconds">CPU time, that of background threads of earlier runs included.</param>
/// <param name="ThrottledMicroseconds">Time for which the CPU limit has stopped it.</param>
/// <param name="MemoryPeakBytes">The most memory that it held, files in <c>/root</c> and <c>/tmp</c> included.</param>
/// <param name="ProcessesPeak">The most processes and threads that were seen, the guest's own included.</param>
/// <param name="DiskBytes">What the home held when the run ended.</param>
/// <param name="OomKills">Processes that the kernel has killed because the memory was full.</param>
[GenerateSerializer, Immutable, Alias("podflare.ResourceUsage")]
public sealed record ResourceUsage(
    [property: Id(0)] long? CpuMicroseconds,
    [property: Id(1)] long? ThrottledMicroseconds,
    [property: Id(2)] long? MemoryPeakBytes,
    [property: Id(3)] int? ProcessesPeak,
    [property: Id(4)] long? DiskBytes,
    [property: Id(5)] int? OomKills);
