using Podflare.Components;
using Podflare.Probes;
using Podflare.Uptime;

namespace Podflare.Status.Probes;

public sealed class HealthRulesTests
{
    private static readonly DateTimeOffset Start = new(2026, 5, 1, 12, 0, 0, TimeSpan.Zero);
    private static readonly HealthLimits Limits = new(TimeSpan.FromSeconds(15), 1000, 3, 3);

    /// <param name="samples">One sample each 15 s: + good, s slow, x failed, n no data, and a space is a minute of sleep.</param>
    [Theory]
    [InlineData("", nameof(ComponentStatus.NoData))]
    [InlineData("+", nameof(ComponentStatus.Operational))]
    [InlineData("x", nameof(ComponentStatus.NoData))]
    [InlineData("xx", nameof(ComponentStatus.NoData))]
    [InlineData("xxx", nameof(ComponentStatus.MajorOutage))]
    [InlineData("+xx", nameof(ComponentStatus.Operational))]
    [InlineData("+xxx", nameof(ComponentStatus.MajorOutage))]
    [InlineData("+xxx++", nameof(ComponentStatus.MajorOutage))]
    [InlineData("+xxx+++", nameof(ComponentStatus.Operational))]
    [InlineData("+xxxs+s", nameof(ComponentStatus.Operational))]
    [InlineData("+xxxs+", nameof(ComponentStatus.MajorOutage))]
    [InlineData("+xxx++x++", nameof(ComponentStatus.MajorOutage))]
    [InlineData("+xxx+++x", nameof(ComponentStatus.Operational))]
    [InlineData("+x+x+x", nameof(ComponentStatus.MajorOutage))]
    [InlineData("++++++x+x+x+", nameof(ComponentStatus.Operational))]
    [InlineData("+xx +", nameof(ComponentStatus.Operational))]
    [InlineData("+xx x", nameof(ComponentStatus.NoData))]
    [InlineData("+xxnx", nameof(ComponentStatus.MajorOutage))]
    [InlineData("+nnn", nameof(ComponentStatus.NoData))]
    [InlineData("xxx +++", nameof(ComponentStatus.Operational))]
    [InlineData("xxx ++", nameof(ComponentStatus.MajorOutage))]
    [InlineData("+++ssssssssssss", nameof(ComponentStatus.DegradedPerformance))]
    [InlineData("+++ssss", nameof(ComponentStatus.Operational))]
    [InlineData("+++ssssssssssssssss+++", nameof(ComponentStatus.DegradedPerformance))]
    public void A_component_has_the_status_that_its_samples_show(string samples, string expected)
    {
        var (health, at) = Play(samples);
        Assert.Equal(expected, HealthRules.Status([health], at, Limits).ToString());
    }

    [Fact]
    public void An_outage_lasts_from_the_first_failed_sample_to_the_first_response()
    {
        Assert.Equal(Start.AddSeconds(30), Play("+xxx").Health.Since);
        Assert.Equal(Start.AddSeconds(75), Play("+xxx+++").Health.Since);
        Assert.Equal(Start.AddSeconds(75), Play("+xxxs++").Health.Since);
    }

    [Fact]
    public void Degraded_performance_ends_when_the_slow_samples_have_left_the_window()
    {
        var (health, at) = Play("+++ssssssssssssssss" + new string('+', 400));
        Assert.Equal(ComponentStatus.Operational, HealthRules.Status([health], at, Limits));
    }

    [Theory]
    [InlineData("+xxx", "+xxx", nameof(ComponentStatus.MajorOutage))]
    [InlineData("+xxx", "++++", nameof(ComponentStatus.PartialOutage))]
    [InlineData("+xxx", "", nameof(ComponentStatus.MajorOutage))]
    [InlineData("++++", "", nameof(ComponentStatus.Operational))]
    public void Some_targets_down_is_a_partial_outage_and_targets_without_data_are_ignored(string first, string second, string expected)
    {
        var (one, at) = Play(first);
        Assert.Equal(expected, HealthRules.Status([one, Play(second).Health], at, Limits).ToString());
    }

    [Fact]
    public void Two_and_a_half_intervals_without_a_sample_are_no_data()
    {
        var (health, at) = Play("+++");
        Assert.Equal(ComponentStatus.Operational, HealthRules.Status([health], at.AddSeconds(37), Limits));
        Assert.Equal(ComponentStatus.NoData, HealthRules.Status([health], at.AddSeconds(38), Limits));
    }

    [Fact]
    public void A_percentile_is_a_measured_value()
    {
        double[] times = [10, 20, 30, 40];
        Assert.Equal(20, Percentile.NearestRank(times, 0.5));
        Assert.Equal(40, Percentile.NearestRank(times, 0.95));
        Assert.Equal(7, Percentile.NearestRank([7], 0.95));
    }

    private static (TargetHealth Health, DateTimeOffset At) Play(string samples)
    {
        var (health, at) = (TargetHealth.Unknown, Start);
        foreach (var sample in samples)
        {
            at = at.AddSeconds(sample == ' ' ? 60 : 15);
            health = sample switch
            {
                '+' => Next(Outcome.Ok, 100),
                's' => Next(Outcome.Slow, 5000),
                'x' => Next(Outcome.Fail, null),
                'n' => Next(Outcome.NoData, null),
                _ => health,
            };
        }

        return (health, at);

        TargetHealth Next(Outcome outcome, double? ms) =>
            HealthRules.Apply(health, new Sample(Ids.Api, "t", at, outcome, outcome == Outcome.Fail ? "connect" : null, ms), Limits);
    }
}
