using Podflare.Components;

namespace Podflare.Uptime;

/// <summary>One UTC day of one component.</summary>
internal sealed record DayBar(DateOnly Day, ComponentStatus Worst, UptimeFigure Figure)
{
    public const int Count = 90;

    /// <summary>Returns the last 90 days including today, oldest first. Days before the first measurement have no data.</summary>
    public static List<DayBar> CreateHistory(IReadOnlyList<Interval> intervals, DateTimeOffset now, double partialWeight)
    {
        var today = DateOnly.FromDateTime(now.UtcDateTime);
        var bars = new List<DayBar>(Count);
        for (var day = today.AddDays(1 - Count); day <= today; day = day.AddDays(1))
        {
            var from = new DateTimeOffset(day, TimeOnly.MinValue, TimeSpan.Zero);
            var end = from.AddDays(1);
            var line = Timeline.Resolve(intervals, from, end < now ? end : now);
            var worst = line.Count == 0 ? ComponentStatus.NoData : line.Select(s => s.Status).MaxBy(ComponentStatuses.Severity);
            bars.Add(new DayBar(day, worst, UptimeFigure.Calculate(line, partialWeight)));
        }

        return bars;
    }
}
