using CsCheck;
using Podflare.Components;
using Podflare.Uptime;

namespace Podflare.Status.Uptime;

public sealed class UptimeTests
{
    private static readonly DateTimeOffset Day = new(2026, 5, 1, 0, 0, 0, TimeSpan.Zero);

    [Fact]
    public void A_day_with_every_status_matches_a_manual_calculation()
    {
        // 86,400 s: 3,600 no data, 7,200 maintenance, 600 major, 1,000 partial, 900 degraded.
        var line = Timeline.Resolve(
            [
                Probe(ComponentStatus.Operational, 3600, null),
                Probe(ComponentStatus.MajorOutage, 10_000, 10_600),
                Probe(ComponentStatus.Operational, 10_600, null),
                new Interval(Layer.Maintenance, ComponentStatus.UnderMaintenance, At(20_000), At(27_200)),
                new Interval(Layer.Manual, ComponentStatus.PartialOutage, At(30_000), At(31_000)),
                new Interval(Layer.Manual, ComponentStatus.DegradedPerformance, At(40_000), At(40_900)),
            ],
            Day, Day.AddDays(1));
        var figure = UptimeFigure.Calculate(line, 0.3);
        Assert.Equal((86_400, 600, 1000, 900, 7200, 3600), (figure.Window, figure.Major, figure.Partial, figure.Degraded, figure.Maintenance, figure.NoData));
        Assert.Equal(1 - ((600 + (0.3 * 1000)) / (86_400 - 7200 - 3600)), figure.Share!.Value, 12);
        Assert.Equal("98.80 %", figure.Text);
    }

    [Theory]
    [InlineData(0, "100.00 %")]
    [InlineData(0.5, "99.99 %")]
    [InlineData(8.7, "99.98 %")]
    [InlineData(86_400, "0.00 %")]
    public void Figures_are_truncated_and_not_rounded(double majorSeconds, string expected)
    {
        var line = Timeline.Resolve([Probe(ComponentStatus.Operational, 0, null), new Interval(Layer.Manual, ComponentStatus.MajorOutage, Day, Day.AddSeconds(majorSeconds))], Day, Day.AddDays(1));
        Assert.Equal(expected, UptimeFigure.Calculate(line, 0.3).Text);
    }

    [Fact]
    public void Unmeasured_time_is_no_data_and_never_a_hundred_percent()
    {
        Assert.Equal("no data", UptimeFigure.Calculate(Timeline.Resolve([], Day, Day.AddDays(1)), 0.3).Text);
        var maintenance = new Interval(Layer.Maintenance, ComponentStatus.UnderMaintenance, Day, null);
        Assert.Null(UptimeFigure.Calculate(Timeline.Resolve([maintenance], Day, Day.AddDays(1)), 0.3).Share);
    }

    [Fact]
    public void A_manual_status_overrides_maintenance_which_overrides_probes()
    {
        var line = Timeline.Resolve(
            [
                Probe(ComponentStatus.MajorOutage, 0, null),
                new Interval(Layer.Maintenance, ComponentStatus.UnderMaintenance, At(100), At(300)),
                new Interval(Layer.Manual, ComponentStatus.Operational, At(200), At(250)),
            ],
            Day, At(400));
        Assert.Equal(
            [
                (ComponentStatus.MajorOutage, 0, 100), (ComponentStatus.UnderMaintenance, 100, 200), (ComponentStatus.Operational, 200, 250),
                (ComponentStatus.UnderMaintenance, 250, 300), (ComponentStatus.MajorOutage, 300, 400),
            ],
            line.Select(s => (s.Status, (int)(s.From - Day).TotalSeconds, (int)(s.To - Day).TotalSeconds)));
    }

    [Fact]
    public void Days_are_UTC_and_days_before_the_first_measurement_have_no_data()
    {
        var now = Day.AddDays(1).AddHours(6);
        var bars = DayBar.CreateHistory([new Interval(Layer.Probe, ComponentStatus.Operational, Day, null)], now, 0.3);
        Assert.Equal(90, bars.Count);
        Assert.Equal(new DateOnly(2026, 5, 2), bars[^1].Day);
        Assert.Equal(6 * 3600, bars[^1].Figure.Window);
        Assert.Equal((ComponentStatus.Operational, ComponentStatus.NoData), (bars[^2].Worst, bars[^3].Worst));
    }

    [Fact]
    public void The_timeline_of_any_intervals_has_no_overlap_and_no_gap()
    {
        var layers = 0;
        var interval = Gen.Select(Gen.Enum<Layer>(), Gen.Enum<ComponentStatus>(), Gen.Int[-1000, 5000], Gen.Int[-50, 4000].Nullable())
            .Select((layer, status, from, length) => new Interval(layer, status, At(from), length is { } l ? At(from + l) : null));
        Gen.Select(interval.Array[0, 30], Gen.Int[0, 3000], Gen.Int[0, 3000]).Sample((intervals, from, length) =>
        {
            var line = Timeline.Resolve(intervals, At(from), At(from + length));
            var seconds = line.Sum(s => s.Length.TotalSeconds);
            if (line.Select(s => s.Status).Distinct().Count() > 3) Interlocked.Increment(ref layers);
            var right = seconds == length && line.All(s => s.From < s.To) && line.Zip(line.Skip(1)).All(pair => pair.First.To == pair.Second.From && pair.First.Status != pair.Second.Status);
            // Compares each moment with a simple but slow calculation.
            return right && line.All(s => Slow(intervals, s.From) == s.Status && Slow(intervals, s.To.AddMilliseconds(-1)) == s.Status);
        }, iter: 3000);
        Assert.True(layers > 100, "the generator makes mixed lines");

        static ComponentStatus Slow(Interval[] intervals, DateTimeOffset at) => intervals.Where(i => i.From <= at && (i.To is not { } to || at < to))
            .OrderBy(i => ((int)i.Layer, i.From)).Select(i => (ComponentStatus?)i.Status).LastOrDefault() ?? ComponentStatus.NoData;
    }

    private static Interval Probe(ComponentStatus status, int from, int? to) => new(Layer.Probe, status, At(from), to is { } t ? At(t) : null);

    private static DateTimeOffset At(int seconds) => Day.AddSeconds(seconds);
}
