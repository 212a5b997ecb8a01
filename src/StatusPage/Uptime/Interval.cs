using Podflare.Components;

namespace Podflare.Uptime;

/// <summary>A component had a status from <paramref name="From"/> until just before <paramref name="To"/>, which is null while it lasts.</summary>
internal sealed record Interval(Layer Layer, ComponentStatus Status, DateTimeOffset From, DateTimeOffset? To, string? Cause = null);

/// <summary>A part of the resolved timeline with one status.</summary>
internal readonly record struct StatusSpan(ComponentStatus Status, DateTimeOffset From, DateTimeOffset To)
{
    public TimeSpan Length => To - From;
}
