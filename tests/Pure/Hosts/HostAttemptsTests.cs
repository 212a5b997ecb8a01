namespace Podflare.Hosts;

/// <summary>Which hosts a create asks, in which order, and how the time that it may wait is divided among them.</summary>
public sealed class HostAttemptsTests
{
    private static readonly TimeSpan Wait = TimeSpan.FromSeconds(10);

    private readonly HashSet<string> _unwell = [];
    private readonly List<(string Host, double Seconds)> _asked = [];

    [Fact]
    public void All_are_asked_for_what_they_can_begin_at_once_and_then_share_the_wait()
    {
        var attempts = Make("a", "b");

        while (Ask(attempts) is { } wait) attempts.OnFull(wait);

        Assert.Equal([("a", 0), ("b", 0), ("a", 5), ("b", 5)], _asked);
    }

    [Fact]
    public void The_only_host_gets_the_whole_wait_at_once()
    {
        var attempts = Make("a");

        while (Ask(attempts) is { } wait) attempts.OnFull(wait);

        Assert.Equal([("a", 10)], _asked);
    }

    [Fact]
    public void What_a_host_refuses_at_once_goes_to_those_that_were_asked_before_it()
    {
        var attempts = Make("a", "b");

        while (Ask(attempts) is { } wait) attempts.OnFull(_asked[^1].Host == "b" ? TimeSpan.Zero : wait);

        Assert.Equal([("a", 0), ("b", 0), ("a", 5), ("b", 5), ("a", 5)], _asked);
    }

    [Fact]
    public void What_a_host_refuses_at_once_goes_to_those_that_are_asked_after_it()
    {
        var attempts = Make("a", "b");

        while (Ask(attempts) is { } wait) attempts.OnFull(_asked[^1].Host == "a" ? TimeSpan.Zero : wait);

        Assert.Equal([("a", 0), ("b", 0), ("a", 5), ("b", 10)], _asked);
    }

    [Fact]
    public void A_host_that_is_unwell_or_slow_uses_no_time_that_a_full_one_may_need()
    {
        _unwell.Add("a");
        var attempts = Make("a", "b", "c");

        while (Ask(attempts) is { } wait)
        {
            if (_asked[^1].Host == "b") attempts.OnSlow(wait + TimeSpan.FromSeconds(5));
            else attempts.OnFull(wait);
        }

        Assert.Equal([("a", 0), ("b", 0), ("c", 0), ("c", 10), ("b", 0), ("a", 0)], _asked);
    }

    [Fact]
    public void A_slow_host_gets_the_wait_before_an_unwell_one()
    {
        _unwell.Add("a");
        var attempts = Make("a", "b");

        while (Ask(attempts) is { } wait) attempts.OnSlow(wait + TimeSpan.FromSeconds(5));

        Assert.Equal([("a", 0), ("b", 0), ("b", 10), ("a", 0)], _asked);
    }

    [Fact]
    public void A_host_that_turned_out_to_be_unwell_shares_no_wait_with_a_slow_one()
    {
        var attempts = Make("a", "b");

        while (Ask(attempts) is { } wait)
        {
            attempts.OnSlow(wait + TimeSpan.FromSeconds(5));
            _unwell.Add("a");
        }

        Assert.Equal([("a", 0), ("b", 0), ("b", 10), ("a", 0)], _asked);
    }

    [Fact]
    public void Where_no_host_is_full_the_slow_ones_get_the_wait()
    {
        var attempts = Make("a", "b");

        while (Ask(attempts) is { } wait)
        {
            if (_asked[^1].Host == "a") attempts.OnSlow(wait);
            else attempts.OnFailed(wait);
        }

        Assert.Equal([("a", 0), ("b", 0), ("a", 10)], _asked);
    }

    [Fact]
    public void Nobody_is_asked_for_ever()
    {
        var random = new Random(1);
        for (var round = 0; round < 1_000; round++)
        {
            _asked.Clear();
            var attempts = Make("a", "b", "c", "d");

            while (Ask(attempts) is { } wait) attempts.OnFull(wait * random.NextDouble() * 1.2);

            Assert.InRange(_asked.Count, 4, 40);
        }
    }

    private HostAttempts Make(params string[] hosts) => new(() => hosts, host => !_unwell.Contains(host), Wait);

    private TimeSpan? Ask(HostAttempts attempts)
    {
        if (!attempts.TryPeek(out var host, out var wait)) return null;
        _asked.Add((host, wait.TotalSeconds));
        return wait;
    }
}
