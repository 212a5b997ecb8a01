namespace Podflare.Hosts;

public sealed class HostChoiceTests
{
    private static readonly HostLoad Empty = new(0, 100, Draining: false);

    [Fact]
    public void An_unwell_host_is_asked_after_every_other_one()
    {
        (string Host, HostLoad Load)[] hosts =
        [
            ("unwell", Empty with { Problem = "the container engine does not answer" }), ("full", Empty with { Sandboxes = 99, Waiting = 5 }), ("busy", Empty with { Sandboxes = 50 }),
        ];

        Assert.Equal("unwell", Orders(hosts).Select(order => order[^1]).Distinct().Single());
    }

    [Fact]
    public void A_host_that_takes_no_sandboxes_is_not_asked()
    {
        (string Host, HostLoad Load)[] hosts = [("draining", Empty with { Draining = true }), ("open", Empty)];

        Assert.All(Orders(hosts), order => Assert.Equal(["open"], order));
    }

    [Fact]
    public void The_host_that_is_asked_first_is_not_always_the_best_one()
    {
        (string Host, HostLoad Load)[] hosts = [("best", Empty), ("good", Empty with { Sandboxes = 1 }), ("fair", Empty with { Sandboxes = 2 })];

        Assert.Equal(["best", "good"], Orders(hosts).Select(order => order[0]).Distinct().Order());
    }

    private static IReadOnlyList<IReadOnlyList<string>> Orders((string Host, HostLoad Load)[] hosts) =>
        [.. Enumerable.Range(0, 100).Select(seed => HostChoice.Order(hosts, "default", hosts.Length, new Random(seed)))];
}
