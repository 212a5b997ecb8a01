using Microsoft.Extensions.Time.Testing;
using Podflare.Sandboxes;

namespace Podflare.Hosts;

/// <summary>Which ends are in doubt, and that memory of them is bounded.</summary>
public sealed class RecentEndsTests
{
    private static readonly TimeSpan Age = TimeSpan.FromMinutes(10);

    private readonly FakeTimeProvider _time = new();
    private readonly SandboxId[] _sandboxes = [.. Enumerable.Range(0, 4).Select(_ => SandboxId.New("0badcafe"))];
    private int _epoch;

    [Fact]
    public void Ends_are_in_doubt_when_the_store_may_have_lost_writes_until_each_is_confirmed()
    {
        var ends = Make(limit: 10);
        ends.Add(_sandboxes[0]);
        ends.Add(_sandboxes[1]);
        Assert.False(ends.IsCheckDue);
        Assert.Empty(ends.TakeDoubtful());

        _epoch++;
        Assert.True(ends.IsCheckDue);
        Assert.Equal(_sandboxes[..2].OrderBy(sandbox => sandbox.Value), ends.TakeDoubtful().OrderBy(sandbox => sandbox.Value));
        Assert.False(ends.IsCheckDue);

        ends.Confirm(_sandboxes[0]);
        Assert.Equal(_sandboxes[1..2], ends.TakeDoubtful());
    }

    [Fact]
    public void What_the_store_names_and_the_host_does_not_have_is_in_doubt()
    {
        var ends = Make(limit: 1);
        ends.Doubt(_sandboxes[0]);
        ends.Doubt(_sandboxes[1]);

        Assert.True(ends.IsCheckDue);
        Assert.Equal(_sandboxes[..1], ends.TakeDoubtful());
    }

    [Fact]
    public void The_oldest_ends_are_forgotten()
    {
        var ends = Make(limit: 2);
        ends.Add(_sandboxes[0]);
        ends.Add(_sandboxes[1]);
        _time.Advance(Age / 2);
        ends.Add(_sandboxes[2]);
        _time.Advance(Age * 0.6);

        _epoch++;

        Assert.Equal(_sandboxes[2..3], ends.TakeDoubtful());
    }

    private RecentEnds Make(int limit) => new(() => _epoch, limit, Age, _time);
}
