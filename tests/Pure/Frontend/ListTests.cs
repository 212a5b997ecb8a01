using System.Buffers.Text;
using System.Collections.Immutable;
using System.Text;
using Microsoft.AspNetCore.Http;
using Podflare.Hosts;
using Podflare.Problems;
using Podflare.Sandboxes;
using Podflare.Tenants;

namespace Podflare.Frontend;

public sealed class ListTests
{
    private static readonly DateTimeOffset Noon = new(2026, 5, 1, 12, 0, 0, TimeSpan.Zero);

    [Fact]
    public void A_cursor_comes_back_as_it_was()
    {
        var cursor = new ListCursor(Noon.AddTicks(7), SandboxId.New("0a1b2c3d"));

        Assert.True(ListCursor.TryParse(cursor.ToString(), out var read));
        Assert.Equal(cursor, read);
    }

    [Theory]
    [InlineData("%%%")]
    [InlineData("AAAA")]
    [InlineData("1.sbx_00")]
    [InlineData("9223372036854775807.sbx_0123456789abcdef0123456789abcdef")]
    [InlineData("x.sbx_0123456789abcdef0123456789abcdef")]
    [InlineData("1.2.sbx_0123456789abcdef0123456789abcdef")]
    public void Another_cursor_is_refused(string inside)
    {
        Assert.False(ListCursor.TryParse(inside, out _));
        Assert.False(ListCursor.TryParse(Base64Url.EncodeToString(Encoding.ASCII.GetBytes(inside)), out _));
    }

    [Fact]
    public void The_newest_comes_first_and_ids_break_ties()
    {
        var (a, b) = (new SandboxId("sbx_a"), new SandboxId("sbx_b"));
        SandboxInfo[] sandboxes = [Info(a, Noon), Info(b, Noon), Info(a, Noon.AddTicks(1))];

        Assert.Equal([(a, Noon.AddTicks(1)), (b, Noon), (a, Noon)], sandboxes.Order(ListCursor.NewestFirst).Select(s => (s.Id, s.CreatedAt)));
    }

    [Theory]
    [InlineData("?limit=0", "limit")]
    [InlineData("?limit=-1", "limit")]
    [InlineData("?limit=x", "limit")]
    [InlineData("?limit=1&limit=2", "limit")]
    [InlineData("?state=gone", "state")]
    [InlineData("?cursor=x", "cursor")]
    [InlineData("?metadata.=x", "metadata.")]
    public void A_query_that_is_wrong_names_the_parameter(string query, string field) =>
        Assert.Equal(field, Assert.Throws<ProblemException>(() => Parse(query)).Problem.Errors!.All[0].Key);

    [Fact]
    public void A_query_becomes_a_filter()
    {
        var cursor = new ListCursor(Noon, SandboxId.New("0a1b2c3d"));

        var (filter, warnings) = Parse($"?state=ready&limit=5000&metadata.team=a%20b&cursor={cursor}&other=1");

        Assert.Equal((SandboxState.Ready, 1000, Noon, cursor.Id.Value, "a b"), (filter.State, filter.Limit, filter.BeforeTime, filter.BeforeId, filter.Metadata["team"]));
        Assert.Equal("limit was reduced to the maximum of 1000", Assert.Single(warnings));
    }

    [Fact]
    public void A_query_has_defaults() => Assert.Equal((null, 100, null, 0), (Parse("").Filter.State, Parse("").Filter.Limit, Parse("").Filter.BeforeTime, Parse("").Filter.Metadata.Count));

    [Fact]
    public void Hosts_that_drain_are_left_out_and_the_fullest_of_two_is_never_first()
    {
        (string, HostLoad)[] hosts = [("full", new(10, 10, false)), ("free", new(1, 10, false)), ("gone", new(0, 10, true))];

        for (var seed = 0; seed < 50; seed++) Assert.Equal(["free", "full"], HostChoice.Order(hosts, "default", 3, new Random(seed)));
    }

    [Fact]
    public void All_but_the_fullest_of_many_hosts_come_first_at_times()
    {
        var hosts = Enumerable.Range(0, 4).Select(i => ($"h{i}", new HostLoad(i, 10, false))).ToArray();

        var orders = Enumerable.Range(0, 200).Select(seed => HostChoice.Order(hosts, "default", 3, new Random(seed))).ToArray();

        Assert.Equal(["h0", "h1", "h2"], orders.Select(order => order[0]).Distinct().Order());
        Assert.All(orders, order => Assert.Equal(order.Skip(1).Order(), order.Skip(1)));
        Assert.All(orders, order => Assert.Equal(3, order.Distinct().Count()));
    }

    private static SandboxInfo Info(SandboxId id, DateTimeOffset created) =>
        new(id, TenantId.Default, SandboxState.Ready, "python", ImmutableSortedDictionary<string, string>.Empty, false, created, created, TimeSpan.Zero, null, null);

    private static ListQuery Parse(string query)
    {
        var context = new DefaultHttpContext();
        context.Request.QueryString = new QueryString(query);
        return ListQuery.Parse(context.Request, new CreateOptions());
    }
}
