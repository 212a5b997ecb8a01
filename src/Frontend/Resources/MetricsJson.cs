using System.Text.Json.Serialization;

namespace Podflare.Resources;

/// <summary>The JSON representation of what a sandbox uses.</summary>
internal sealed record MetricsJson(double IntervalSeconds, LimitsJson Limits, IReadOnlyList<PointJson> Points)
{
    public static MetricsJson Of(SandboxMetrics metrics) => new(
        metrics.Interval.TotalSeconds,
        new LimitsJson(metrics.Limits.Cpus, metrics.Limits.MemoryBytes, metrics.Limits.Processes, metrics.Limits.DiskBytes),
        [.. metrics.Points.Select(PointJson.Of)]);
}

/// <summary>The most that a sandbox may use.</summary>
internal sealed record LimitsJson(double? Cpus, long? MemoryBytes, int? Processes, long? DiskBytes);

/// <summary>What a sandbox has used at one moment. Null for a figure that the kernel does not give.</summary>
/// <param name="Ts">Unix time in milliseconds.</param>
/// <param name="Cpu">CPUs that were used on average since the point before; null for the first.</param>
internal sealed record PointJson(
    long Ts, double? Cpu, double CpuSeconds, long? MemoryBytes, long? MemoryPeakBytes, long? DiskBytes, int? Processes, int? OomKills, double? ThrottledSeconds)
{
    private const int Digits = 6;

    public static PointJson Of(ResourcePoint point) => new(
        point.At.ToUnixTimeMilliseconds(), point.Cpu is { } cpu ? Math.Round(cpu, 4) : null, Math.Round(point.CpuTime.TotalSeconds, Digits), point.MemoryBytes, point.MemoryPeakBytes,
        point.DiskBytes, point.Processes, point.OomKills, point.Throttled is { } throttled ? Math.Round(throttled.TotalSeconds, Digits) : null);
}

[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.SnakeCaseLower)]
[JsonSerializable(typeof(MetricsJson))]
internal sealed partial class MetricsJsonContext : JsonSerializerContext;
