using System.Collections.Immutable;

namespace Podflare.Probes;

/// <summary>The state of one target of one component between samples. It is stored as JSON with the samples, so that a restart continues with it.</summary>
/// <param name="LastAt">The newest sample with data.</param>
/// <param name="StreakAt">The first sample of the current run of successful or failed ones.</param>
/// <param name="Answered">Consecutive samples that did not fail, including slow ones. Enough of them end an outage.</param>
/// <param name="AnsweredAt">The first of them.</param>
/// <param name="Since">The time from which the current condition applies.</param>
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
