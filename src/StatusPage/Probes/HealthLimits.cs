using Podflare.Uptime;

namespace Podflare.Probes;

/// <summary>Thresholds for evaluating samples.</summary>
/// <param name="Interval">The time between two samples of one target. After 2.5 intervals without a sample, data is missing.</param>
internal sealed record HealthLimits(TimeSpan Interval, double SlowMilliseconds, int BadInRow, int GoodInRow)
{
    public TimeSpan StaleAfter => Interval * 2.5;

    /// <summary>The window in which the share of failures is evaluated.</summary>
    public static readonly TimeSpan ShareWindow = TimeSpan.FromMinutes(5);

    public const int ShareMinimum = 6;

    public static readonly TimeSpan EvaluationStep = TimeSpan.FromMinutes(1);

    public const int SlowEvaluations = 3;

    public const int MaxRecent = 64;

    /// <summary>A probe that runs every five minutes needs more than one sample for a percentile.</summary>
    public TimeSpan LatencyWindow => ShareWindow > Interval * 6 ? ShareWindow : Interval * 6;
}
