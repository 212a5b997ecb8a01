using System.Collections.Immutable;

namespace Podflare.Probes;

/// <summary>What is remembered of one target of one component between samples; stored with them, so that a restart goes on where it was.</summary>
/// <param name="LastAt">The newest sample with data.</param>
/// <param name="StreakAt">The first sample of the present run of good or bad ones.</param>
/// <param name="Answered">Samples in a row that did not fail, slow ones too: so many end an outage.</param>
/// <param name="AnsweredAt">The first of them.</param>
/// <param name="Since">From when the present condition holds.</param>
internal sealed record TargetHealth(
    DateTimeOffset? LastAt,
    bool IsDown,
    bool IsSlow,
    DateTimeOffset Since,
    string? Cause,
    int Bad,
    int Good,
    DateTimeOffset? StreakAt,
    int Over,
    DateTimeOffset? OverAt,
    DateTimeOffset? EvaluatedAt,
    ImmutableArray<RecentSample> Recent,
    int Answered = 0,
    DateTimeOffset? AnsweredAt = null)
{
    public static readonly TargetHealth Unknown =
        new(null, false, false, DateTimeOffset.UnixEpoch, null, 0, 0, null, 0, null, null, []);
}

internal sealed record RecentSample(DateTimeOffset At, bool Failed, double? Milliseconds);
