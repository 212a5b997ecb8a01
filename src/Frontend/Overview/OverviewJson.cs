using System.Collections.Immutable;
using System.Text.Json.Serialization;
using Podflare.Traffic;

namespace Podflare.Overview;

/// <summary>The JSON representation of what a tenant does, now and in the last hour.</summary>
/// <param name="Complete">False while a host did not answer: its part is missing.</param>
/// <param name="Minutes">60, the oldest first.</param>
internal sealed record OverviewJson(bool Complete, SandboxesJson Sandboxes, RunsJson Runs, IReadOnlyList<MinuteJson> Minutes)
{
    /// <summary>Adds up what the hosts have answered; null for one that has not.</summary>
    /// <param name="minute">The current minute, in minutes since 1970.</param>
    public static OverviewJson Of(IReadOnlyList<HostTraffic?> hosts, long minute)
    {
        var known = hosts.OfType<HostTraffic>().ToArray();
        var templates = known.SelectMany(host => host.Sandboxes).GroupBy(pair => pair.Key, StringComparer.Ordinal).OrderBy(group => group.Key, StringComparer.Ordinal)
            .ToDictionary(group => group.Key, group => group.Sum(pair => pair.Value));
        var minutes = known.SelectMany(host => host.Minutes).ToLookup(part => part.Minute);
        return new OverviewJson(
            known.Length == hosts.Count,
            new SandboxesJson(templates.Values.Sum(), templates),
            new RunsJson(known.Sum(host => host.ActiveRuns), known.Sum(host => host.QueuedRuns)),
            [.. Enumerable.Range(0, TenantTraffic.Kept).Select(back => minute - TenantTraffic.Kept + 1 + back).Select(number => MinuteJson.Of(number, minutes[number]))]);
    }
}

/// <summary>Sandboxes that live now.</summary>
internal sealed record SandboxesJson(int Running, IReadOnlyDictionary<string, int> ByTemplate);

/// <summary>Runs that have not ended.</summary>
internal sealed record RunsJson(int Active, int Queued);

/// <summary>What happened within one minute.</summary>
/// <param name="Ts">Its beginning, in Unix milliseconds.</param>
/// <param name="CreateMs">How long creates took on their host; null without any.</param>
/// <param name="RunMs">How long runs took, from acceptance to exit; null without any.</param>
internal sealed record MinuteJson(long Ts, int Creates, int Runs, int Errors, QuantilesJson? CreateMs, QuantilesJson? RunMs)
{
    public static MinuteJson Of(long minute, IEnumerable<TrafficMinute> parts)
    {
        var all = parts.ToArray();
        return new MinuteJson(
            minute * 60_000, all.Sum(part => part.Creates), all.Sum(part => part.Runs), all.Sum(part => part.Errors),
            QuantilesJson.Of(all.Select(part => part.CreateTimes)), QuantilesJson.Of(all.Select(part => part.RunTimes)));
    }
}

/// <summary>Quantiles in milliseconds, right within a sixth.</summary>
internal sealed record QuantilesJson(double P50, double P95)
{
    public static QuantilesJson? Of(IEnumerable<ImmutableArray<int>> parts)
    {
        Span<int> sum = stackalloc int[Durations.Buckets];
        foreach (var part in parts)
        {
            for (var bucket = 0; bucket < Math.Min(part.Length, Durations.Buckets); bucket++) sum[bucket] += part[bucket];
        }

        return Durations.Quantile(sum, 0.5) is { } half ? new QuantilesJson(Math.Round(half, 2), Math.Round(Durations.Quantile(sum, 0.95)!.Value, 2)) : null;
    }
}

[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.SnakeCaseLower)]
[JsonSerializable(typeof(OverviewJson))]
internal sealed partial class OverviewJsonContext : JsonSerializerContext;
