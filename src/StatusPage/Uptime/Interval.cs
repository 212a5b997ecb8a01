using Podflare.Components;

namespace Podflare.Uptime;

/// <summary>A component had a status from <paramref name="From"/> until just before <paramref name="To"/>; null goes on.</summary>
internal sealed record Interval(Layer Layer, ComponentStatus Status, DateTimeOffset From, DateTimeOffset? To, string? Cause = null);

/// <summary>A stretch of the resolved timeline.</summary>
internal readonly record struct StatusSpan(ComponentStatus Status, DateTimeOffset From, DateTimeOffset To)
{
    public TimeSpan Length => To - From;
}
