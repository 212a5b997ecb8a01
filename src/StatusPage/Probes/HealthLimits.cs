using Podflare.Uptime;

namespace Podflare.Probes;

/// <summary>When samples mean something.</summary>
/// <param name="Interval">Between two samples of one target; 2.5 of them without data are a gap.</param>
internal sealed record HealthLimits(TimeSpan Interval, double SlowMilliseconds, int BadInRow, int GoodInRow)
{
    public TimeSpan StaleAfter => Interval * 2.5;

    /// <summary>Where the share of failures is looked at.</summary>
    public static readonly TimeSpan ShareWindow = TimeSpan.FromMinutes(5);

    public const int ShareMinimum = 6;

    public static readonly TimeSpan EvaluationStep = TimeSpan.FromMinutes(1);

    public const int SlowEvaluations = 3;

    public const int MaxRecent = 64;

    /// <summary>A probe that runs every five minutes needs more than one sample for a percentile.</summary>
    public TimeSpan LatencyWindow => ShareWindow > Interval * 6 ? ShareWindow : Interval * 6;
}
