namespace Podflare.Resources;

/// <summary>What a sandbox has used while a run executed. Null for a figure that the kernel does not give.</summary>
internal sealed record RunUsageJson(double? CpuSeconds, double? ThrottledSeconds, long? MemoryPeakBytes, int? ProcessesPeak, long? DiskUsedBytes, int? OomKills)
{
    public static RunUsageJson Of(ResourceUsage usage) => new(
        usage.CpuMicroseconds / 1e6, usage.ThrottledMicroseconds / 1e6, usage.MemoryPeakBytes, usage.ProcessesPeak, usage.DiskBytes, usage.OomKills);
}
