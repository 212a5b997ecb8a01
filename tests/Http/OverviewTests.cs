using System.Collections.Immutable;
using System.Text.Json;
using Podflare.Traffic;

namespace Podflare;

/// <summary><c>GET /v1/overview</c>.</summary>
public sealed class OverviewTests
{
    private static readonly ImmutableDictionary<string, int> None = ImmutableDictionary<string, int>.Empty;

    [Fact]
    public async Task What_the_hosts_count_for_a_tenant_is_added_up()
    {
        await using var cluster = await Cluster.StartAsync(["00000002"], ("PODFLARE_API_KEYS", ""));
        using var client = cluster.ClientOf(null);
        var now = TimeProvider.System.GetUtcNow().ToUnixTimeSeconds() / 60;
        cluster.World.Host(Cluster.Host).Traffic["default"] = new HostTraffic(None.Add("default", 3).Add("python-datasci", 1), 2, 1, [Minute(now, 2, 10, 1, 1, 100), Minute(now - 5, 1, 0, 0, 4, 0), Minute(now - 90, 7, 7, 7, 1, 1)]);
        cluster.World.Host("00000002").Traffic["default"] = new HostTraffic(None.Add("default", 2), 1, 0, [Minute(now, 3, 90, 2, 1, 1)]);
        cluster.World.Host("00000002").Traffic["acme"] = new HostTraffic(None.Add("default", 50), 50, 50, [Minute(now, 50, 50, 50, 1, 1)]);

        var overview = await (await client.SendAsync("GET", "/v1/overview")).ReadJsonAsync();

        Assert.Equal("""{"running":6,"by_template":{"default":5,"python-datasci":1}}""", overview.GetProperty("sandboxes").GetRawText());
        Assert.Equal("""{"active":3,"queued":1}""", overview.GetProperty("runs").GetRawText());
        Assert.True(overview.GetProperty("complete").GetBoolean());
        var minutes = overview.GetProperty("minutes").EnumerateArray().ToArray();
        Assert.Equal(60, minutes.Length);
        Assert.All(minutes.Zip(minutes.Skip(1)), pair => Assert.Equal(60_000, pair.Second.GetProperty("ts").GetInt64() - pair.First.GetProperty("ts").GetInt64()));
        var found = Assert.Single(minutes, minute => minute.GetProperty("ts").GetInt64() == now * 60_000);
        Assert.Equal((5, 100, 3), (found.GetProperty("creates").GetInt32(), found.GetProperty("runs").GetInt32(), found.GetProperty("errors").GetInt32()));
        Assert.InRange(found.GetProperty("run_ms").GetProperty("p50").GetDouble(), 0.7, 1);
        Assert.InRange(found.GetProperty("run_ms").GetProperty("p95").GetDouble(), 80, 110);
        var create = Assert.Single(minutes, minute => minute.GetProperty("ts").GetInt64() == (now - 5) * 60_000);
        Assert.InRange(create.GetProperty("create_ms").GetProperty("p95").GetDouble(), 2.8, 4);
        Assert.Equal(JsonValueKind.Null, create.GetProperty("run_ms").ValueKind);
        Assert.Equal(6, minutes.Sum(minute => minute.GetProperty("creates").GetInt32()));
    }

    [Fact]
    public async Task A_host_that_does_not_answer_is_missing_and_the_answer_says_so()
    {
        await using var cluster = await Cluster.StartAsync(["00000002"], ("PODFLARE_API_KEYS", ""));
        using var client = cluster.ClientOf(null);
        cluster.World.Host("00000002").LoadFailure = static () => new InvalidOperationException("no");

        var overview = await (await client.SendAsync("GET", "/v1/overview")).ReadJsonAsync();

        Assert.False(overview.GetProperty("complete").GetBoolean());
        (await Description(cluster)).AssertMatches(overview, "Overview");
    }

    private static Task<OpenApi.Description> Description(Cluster cluster) => OpenApi.Description.ReadAsync(cluster);

    private static TrafficMinute Minute(long minute, int creates, int runs, int errors, double createMs, double runMs) =>
        new(minute, creates, runs, errors, Counts(creates, createMs), Counts(runs, runMs));

    private static ImmutableArray<int> Counts(int count, double milliseconds)
    {
        var counts = new int[Durations.Buckets];
        counts[Durations.BucketOf(TimeSpan.FromMilliseconds(milliseconds))] = count;
        return [.. counts];
    }
}
