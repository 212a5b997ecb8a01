namespace Podflare.Limits;

/// <summary>The format of draft-ietf-httpapi-ratelimit-headers-11.</summary>
public sealed class RateLimitHeadersTests
{
    [Theory]
    [InlineData("requests", 100, 200, "\"requests\";q=200;w=2")]
    [InlineData("creates", 5, 20, "\"creates\";q=20;w=4")]
    [InlineData("requests", 3, 10, "\"requests\";q=10;w=4")]
    public void A_policy_names_the_burst_and_the_time_in_which_it_comes_back(string name, double perSecond, double burst, string policy) =>
        Assert.Equal(policy, RateLimitHeaders.PolicyOf(name, new RateLimit(perSecond, burst)));

    [Fact]
    public void A_policy_of_what_exists_at_the_same_time_has_a_unit() =>
        Assert.Equal("\"sandboxes\";q=20;qu=\"concurrent-requests\"", RateLimitHeaders.PolicyOf("sandboxes", 20));

    [Fact]
    public void A_limit_says_what_is_left_and_when_something_is()
    {
        Assert.Equal("\"requests\";r=199", RateLimitHeaders.LimitOf("requests", new RateDecision(true, 199, TimeSpan.Zero)));
        Assert.Equal("\"requests\";r=0;t=1", RateLimitHeaders.LimitOf("requests", new RateDecision(false, 0, TimeSpan.FromMilliseconds(10))));
        Assert.Equal("\"creates\";r=0;t=3", RateLimitHeaders.LimitOf("creates", new RateDecision(false, 0, TimeSpan.FromSeconds(2.5))));
    }

    [Fact]
    public void A_rate_that_allows_nothing_is_not_asked_again_at_once() =>
        Assert.Equal(60, RateLimitHeaders.SecondsUntil(new RateDecision(false, 0, Timeout.InfiniteTimeSpan)));
}
