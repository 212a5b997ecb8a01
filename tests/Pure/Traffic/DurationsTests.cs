namespace Podflare.Traffic;

public sealed class DurationsTests
{
    [Theory]
    [InlineData(0)]
    [InlineData(0.3)]
    [InlineData(0.9)]
    [InlineData(17)]
    [InlineData(1_000)]
    [InlineData(600_000)]
    public void A_quantile_of_equal_durations_is_about_their_length(double milliseconds)
    {
        var counts = new int[Durations.Buckets];
        counts[Durations.BucketOf(TimeSpan.FromMilliseconds(milliseconds))] = 100;

        Assert.InRange(Durations.Quantile(counts, 0.5)!.Value, Math.Min(milliseconds, 0.25) * 0.5, Math.Max(milliseconds, 0.5) * 1.5);
        Assert.InRange(Durations.Quantile(counts, 0.95)!.Value, milliseconds * 0.7, Math.Max(milliseconds, 0.5) * 1.4);
    }

    [Fact]
    public void Longer_durations_have_later_buckets_and_the_longest_have_the_last()
    {
        var buckets = Enumerable.Range(0, 40).Select(power => Durations.BucketOf(TimeSpan.FromMilliseconds(0.5 * Math.Pow(2, power / 2.0)))).ToArray();

        Assert.Equal(buckets.Order(), buckets);
        Assert.Equal(Durations.Buckets - 1, Durations.BucketOf(TimeSpan.FromDays(7)));
        Assert.Equal(0, Durations.BucketOf(TimeSpan.FromSeconds(-1)));
    }

    [Fact]
    public void Nothing_has_no_quantile() => Assert.Null(Durations.Quantile(new int[Durations.Buckets], 0.5));

    [Fact]
    public void A_few_long_ones_are_in_the_tail()
    {
        var counts = new int[Durations.Buckets];
        counts[Durations.BucketOf(TimeSpan.FromMilliseconds(1))] = 90;
        counts[Durations.BucketOf(TimeSpan.FromSeconds(10))] = 10;

        Assert.InRange(Durations.Quantile(counts, 0.5)!.Value, 0.7, 1.1);
        Assert.InRange(Durations.Quantile(counts, 0.95)!.Value, 7_000, 12_000);
    }
}
