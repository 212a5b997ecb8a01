using System.Text.Json;
using Microsoft.Extensions.DependencyInjection;
using Podflare.Feed;
using Podflare.Runs;
using Podflare.Sandboxes;
using Podflare.Tenants;

namespace Podflare;

public sealed class FeedRouteTests(SharedCluster shared)
{
    private static readonly SandboxId Sandbox = SandboxId.Parse("sbx_00000001aaaaaaaaaaaaaaaaaaaaaaaa", null);
    private readonly Cluster _cluster = shared.Cluster;

    [Fact]
    public async Task Events_are_listed_in_pages_and_by_filter()
    {
        var tenant = await _cluster.CreateTenantAsync();
        using var client = await _cluster.ClientOfAsync(tenant, "read");
        await TellAsync(tenant, 5);

        var first = await (await client.SendAsync("GET", "/v1/events?limit=2")).ReadJsonAsync();
        var next = first.GetProperty("next_after").GetInt64();
        var second = await (await client.SendAsync("GET", $"/v1/events?after={next}")).ReadJsonAsync();

        Assert.Equal(2, first.GetProperty("events").GetArrayLength());
        Assert.Equal(Enumerable.Range(1, 3).Select(i => next + i), second.GetProperty("events").EnumerateArray().Select(Seq));
        Assert.Equal(["seq", "id", "type", "ts", "sandbox_id", "run_id", "data"], first.GetProperty("events")[0].EnumerateObject().Select(member => member.Name));
        Assert.Equal(5, await CountAsync(client, "/v1/events?types=run.*"));
        Assert.Equal(0, await CountAsync(client, "/v1/events?types=sandbox.created,sandbox.lost"));
        Assert.Equal(5, await CountAsync(client, $"/v1/events?sandbox={Sandbox}"));
        Assert.Equal(0, await CountAsync(client, "/v1/events?sandbox=sbx_00000001bbbbbbbbbbbbbbbbbbbbbbbb"));
        using var stranger = await _cluster.ClientOfAsync(await _cluster.CreateTenantAsync(), "read");
        Assert.Equal(0, await CountAsync(stranger, "/v1/events"));
    }

    [Theory]
    [InlineData("after=-1")]
    [InlineData("after=x")]
    [InlineData("limit=0")]
    [InlineData("limit=1001")]
    [InlineData("wait=61")]
    [InlineData("types=run.exploded")]
    [InlineData("types=run.ended,")]
    [InlineData("sandbox=sbx_1")]
    [InlineData("after=1&after=2")]
    public async Task A_wrong_parameter_is_named(string query) =>
        await (await _cluster.Client.SendAsync("GET", $"/v1/events?{query}")).AssertProblemAsync(400, "invalid_request");

    [Fact]
    public async Task A_number_that_is_gone_gets_410_with_the_oldest()
    {
        var tenant = await _cluster.CreateTenantAsync();
        using var client = await _cluster.ClientOfAsync(tenant, "read");
        await TellAsync(tenant, 1);
        var oldest = (await (await client.SendAsync("GET", "/v1/events")).ReadJsonAsync()).GetProperty("events")[0].GetProperty("seq").GetInt64();

        var problem = await (await client.SendAsync("GET", "/v1/events?after=1")).AssertProblemAsync(410, "events_evicted");

        Assert.Equal(oldest, problem.GetProperty("oldest_seq").GetInt64());
        using var stream = new HttpRequestMessage(HttpMethod.Get, "/v1/events?after=1") { Headers = { { "Accept", "application/x-ndjson" } } };
        await (await client.SendAsync(stream, TestContext.Current.CancellationToken)).AssertProblemAsync(410, "events_evicted");
    }

    [Fact]
    public async Task A_page_waits_for_the_next_event()
    {
        var tenant = await _cluster.CreateTenantAsync();
        using var client = await _cluster.ClientOfAsync(tenant, "read");
        Assert.Equal(0, await CountAsync(client, "/v1/events?wait=1"));
        var waiting = CountAsync(client, "/v1/events?wait=30");

        await TellAsync(tenant, 1);

        Assert.Equal(1, await waiting);
    }

    [Theory]
    [InlineData("application/x-ndjson", "", "\n")]
    [InlineData("text/event-stream", "data: ", ":")]
    public async Task A_stream_has_what_exists_and_what_comes_and_a_sign_of_life(string accept, string prefix, string sign)
    {
        var tenant = await _cluster.CreateTenantAsync();
        using var client = await _cluster.ClientOfAsync(tenant, "read");
        await TellAsync(tenant, 2);
        using var request = new HttpRequestMessage(HttpMethod.Get, "/v1/events") { Headers = { { "Accept", accept } } };
        using var response = await client.SendAsync(request, HttpCompletionOption.ResponseHeadersRead, TestContext.Current.CancellationToken);
        Assert.Equal(accept, response.Content.Headers.ContentType!.MediaType);
        using var lines = new StreamReader(await response.Content.ReadAsStreamAsync(TestContext.Current.CancellationToken));
        List<long> seen = [];
        var last = await ReadAsync(2);
        await TellAsync(tenant, 1, from: 2);
        Assert.Equal(last + 1, await ReadAsync(3));

        string? line;
        do line = await lines.ReadLineAsync(TestContext.Current.CancellationToken);
        while (line is not null && line != sign.Trim());
        Assert.NotNull(line);
        using var resumed = new HttpRequestMessage(HttpMethod.Get, "/v1/events") { Headers = { { "Accept", "text/event-stream" }, { "Last-Event-ID", $"{last}" } } };
        using var again = await client.SendAsync(resumed, HttpCompletionOption.ResponseHeadersRead, TestContext.Current.CancellationToken);
        using var rest = new StreamReader(await again.Content.ReadAsStreamAsync(TestContext.Current.CancellationToken));
        Assert.Equal($"id: {last + 1}", await rest.ReadLineAsync(TestContext.Current.CancellationToken));

        async Task<long> ReadAsync(int count)
        {
            while (seen.Count < count)
            {
                var next = await lines.ReadLineAsync(TestContext.Current.CancellationToken) ?? throw new EndOfStreamException();
                if (next.Length > 0 && next.StartsWith(prefix + "{", StringComparison.Ordinal)) seen.Add(Seq(JsonElement.Parse(next[prefix.Length..])));
            }

            return seen[^1];
        }
    }

    private async Task TellAsync(string tenant, int count, int from = 0)
    {
        FeedEvent[] events = [.. Enumerable.Range(from, count).Select(i =>
            FeedEvent.Of(FeedEventType.RunEnded, DateTimeOffset.UnixEpoch, Sandbox, RunId.Parse($"run_{i:x32}", null), """{"exit_code":0}"""))];
        await _cluster.App.Services.GetRequiredService<FeedWriter>().AppendAsync(new TenantId(tenant), events, TestContext.Current.CancellationToken);
    }

    private static async Task<int> CountAsync(HttpClient client, string path) =>
        (await (await client.SendAsync("GET", path)).ReadJsonAsync()).GetProperty("events").GetArrayLength();

    private static long Seq(JsonElement told) => told.GetProperty("seq").GetInt64();
}
