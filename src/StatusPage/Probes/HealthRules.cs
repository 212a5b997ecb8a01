using System.Collections.Immutable;
using Podflare.Components;
using Podflare.Uptime;

namespace Podflare.Probes;

/// <summary>Derives the condition of a target from its samples, and the status of a component from its targets. Pure functions.</summary>
internal static class HealthRules
{
    /// <summary>Returns the state of the target after one more sample.</summary>
    public static TargetHealth Apply(TargetHealth health, Sample sample, HealthLimits limits)
    {
        if (sample.Outcome == Outcome.NoData) return health;
        var at = sample.At;
        // Samples before and after a gap are not consecutive.
        if (health.LastAt is { } last && at - last > limits.StaleAfter)
            health = health with { Bad = 0, Good = 0, StreakAt = null, Answered = 0, AnsweredAt = null, Over = 0, OverAt = null, Recent = [] };

        var failed = sample.Outcome == Outcome.Fail;
        var good = sample.Outcome == Outcome.Ok;
        var recent = health.Recent.Add(new RecentSample(at, failed, failed ? null : sample.Milliseconds))
            .RemoveAll(s => s.At <= at - limits.LatencyWindow);
        if (recent.Length > HealthLimits.MaxRecent) recent = recent.RemoveRange(0, recent.Length - HealthLimits.MaxRecent);
        var continues = failed ? health.Bad > 0 : good && health.Good > 0;
        health = health with
        {
            LastAt = at,
            Recent = recent,
            Bad = failed ? health.Bad + 1 : 0,
            Good = good ? health.Good + 1 : 0,
            StreakAt = continues ? health.StreakAt : at,
            Answered = failed ? 0 : health.Answered + 1,
            AnsweredAt = failed ? null : health.AnsweredAt ?? at,
        };
        health = Evaluate(health, at, limits);
        if (failed && !health.IsDown && IsDown(health, at, limits))
            return health with { IsDown = true, Since = health.StreakAt ?? at, Cause = sample.Cause };
        if (failed && health.IsDown) return health with { Cause = sample.Cause };
        // A slow response counts: a target that responds slowly is degraded, not down.
        if (health.IsDown && health.Answered >= limits.GoodInRow)
            return health with { IsDown = false, IsSlow = false, Since = health.AnsweredAt ?? at, Cause = null, Recent = [recent[^1]], Over = 0, OverAt = null };
        if (health.IsSlow && health.Good >= limits.GoodInRow && health.Over == 0)
            return health with { IsSlow = false, Since = health.StreakAt ?? at, Cause = null };
        return health;
    }

    /// <summary>Returns the status of a component. Targets without recent data are ignored.</summary>
    public static ComponentStatus Status(IEnumerable<TargetHealth> targets, DateTimeOffset now, HealthLimits limits)
    {
        var fresh = targets.Where(t => IsFresh(t, now, limits) && IsKnown(t)).ToArray();
        if (fresh.Length == 0) return ComponentStatus.NoData;
        var down = fresh.Count(t => t.IsDown);
        if (down == fresh.Length) return ComponentStatus.MajorOutage;
        if (down > 0) return ComponentStatus.PartialOutage;
        return fresh.Any(t => t.IsSlow) ? ComponentStatus.DegradedPerformance : ComponentStatus.Operational;
    }

    public static bool IsFresh(TargetHealth target, DateTimeOffset now, HealthLimits limits) =>
        target.LastAt is { } last && now - last <= limits.StaleAfter;

    // A few failed samples and no other data are not enough to call a target up or down.
    private static bool IsKnown(TargetHealth target) => target.IsDown || target.Recent.Any(s => !s.Failed);

    private static bool IsDown(TargetHealth health, DateTimeOffset at, HealthLimits limits)
    {
        if (health.Bad >= limits.BadInRow) return true;
        var window = health.Recent.Where(s => s.At > at - HealthLimits.ShareWindow).ToArray();
        return window.Length >= HealthLimits.ShareMinimum && window.Count(s => s.Failed) * 2 >= window.Length;
    }

    private static TargetHealth Evaluate(TargetHealth health, DateTimeOffset at, HealthLimits limits)
    {
        if (health.EvaluatedAt is { } before && at - before < HealthLimits.EvaluationStep) return health;
        var times = health.Recent.Where(s => s.Milliseconds is not null).Select(s => s.Milliseconds!.Value).ToImmutableArray();
        if (times.Length < 3) return health;
        if (Percentile.NearestRank(times, 0.95) <= limits.SlowMilliseconds) return health with { EvaluatedAt = at, Over = 0, OverAt = null };
        health = health with { EvaluatedAt = at, Over = health.Over + 1, OverAt = health.OverAt ?? at };
        return health.Over >= HealthLimits.SlowEvaluations && !health.IsSlow && !health.IsDown
            ? health with { IsSlow = true, Since = health.OverAt.Value, Cause = "slow" }
            : health;
    }
}
