using Microsoft.Extensions.Time.Testing;

namespace Podflare.Limits;

public sealed class TokenBucketTests
{
    private readonly FakeTimeProvider _time = new();

    [Fact]
    public void It_is_empty_until_it_has_a_rate()
    {
        var bucket = new TokenBucket(_time);

        Assert.False(bucket.TryTake(out var left, out var wait));
        Assert.Equal((0, Timeout.InfiniteTimeSpan), (left, wait));
    }

    [Fact]
    public void It_allows_the_burst_then_the_rate_and_says_how_long_to_wait()
    {
        var bucket = new TokenBucket(_time);
        bucket.Set(rate: 5, capacity: 20, more: 20);

        for (var i = 19; i >= 0; i--)
        {
            Assert.True(bucket.TryTake(out var left, out _));
            Assert.Equal(i, left);
        }

        Assert.False(bucket.TryTake(out _, out var wait));
        Assert.Equal(TimeSpan.FromMilliseconds(200), wait);
        _time.Advance(TimeSpan.FromMilliseconds(200));
        Assert.True(bucket.TryTake(out _, out _));
        Assert.False(bucket.TryTake(out _, out _));
    }

    [Fact]
    public void A_lower_capacity_takes_tokens_away_and_a_higher_one_brings_none()
    {
        var bucket = new TokenBucket(_time);
        bucket.Set(rate: 10, capacity: 20, more: 20);
        bucket.Set(rate: 5, capacity: 3);
        bucket.Set(rate: 10, capacity: 20);

        for (var i = 0; i < 3; i++) Assert.True(bucket.TryTake(out _, out _));
        Assert.False(bucket.TryTake(out _, out _));
    }

    [Fact]
    public void A_pause_brings_no_more_than_the_capacity()
    {
        var bucket = new TokenBucket(_time);
        bucket.Set(rate: 10, capacity: 2);
        _time.Advance(TimeSpan.FromDays(30));

        Assert.True(bucket.TryTake(out _, out _));
        Assert.True(bucket.TryTake(out _, out _));
        Assert.False(bucket.TryTake(out _, out _));
    }

    [Fact]
    public void Of_many_threads_no_two_take_the_same_token()
    {
        var bucket = new TokenBucket(_time);
        bucket.Set(rate: 1, capacity: 1_000, more: 1_000);
        var taken = 0;

        Parallel.For(0, 5_000, _ =>
        {
            if (bucket.TryTake(out var _, out var _)) Interlocked.Increment(ref taken);
        });

        Assert.Equal(1_000, taken);
    }
}
