namespace Podflare;

/// <summary><c>GET /v1/sandboxes/{id}/metrics</c>, and the usage of a run.</summary>
public sealed class SandboxMetricsTests(SharedCluster shared)
{
    private const long First = 1_776_510_028_036;

    private readonly Cluster _cluster = shared.Cluster;

    [Fact]
    public async Task Points_have_all_keys_and_null_for_what_is_not_known()
    {
        var text = await (await _cluster.Client.SendAsync("GET", $"/v1/sandboxes/{await CreateAsync()}/metrics")).ReadTextAsync();

        Assert.Equal(
            """{"interval_seconds":2,"limits":{"cpus":1,"memory_bytes":536870912,"processes":128,"disk_bytes":null},"points":[{"ts":1776510028036,"cpu":null,"cpu_seconds":0.41,"memory_bytes":1000,"memory_peak_bytes":2000,"disk_bytes":300,"processes":3,"oom_kills":0,"throttled_seconds":0},{"ts":1776510030036,"cpu":0.42,"cpu_seconds":1.25,"memory_bytes":null,"memory_peak_bytes":null,"disk_bytes":null,"processes":null,"oom_kills":null,"throttled_seconds":null}]}""",
            text);
    }

    [Theory]
    [InlineData(0, First, 1)]
    [InlineData(First, First + 1_999, 1)]
    [InlineData(First + 1, First + 2_000, 1)]
    [InlineData(First, First + 2_000, 2)]
    [InlineData(First + 2_001, 253_402_300_799_999, 0)]
    public async Task Start_and_end_are_included(long start, long end, int points)
    {
        var json = await (await _cluster.Client.SendAsync("GET", $"/v1/sandboxes/{await CreateAsync()}/metrics?start={start}&end={end}")).ReadJsonAsync();

        Assert.Equal(points, json.GetProperty("points").GetArrayLength());
    }

    [Theory]
    [InlineData("start=-1", "start")]
    [InlineData("start=x", "start")]
    [InlineData("start=1.5", "start")]
    [InlineData("start=", "start")]
    [InlineData("start=1&start=2", "start")]
    [InlineData("end=99999999999999999", "end")]
    [InlineData("start=2&end=1", "start")]
    public async Task A_wrong_parameter_is_named(string query, string name)
    {
        var problem = await (await _cluster.Client.SendAsync("GET", $"/v1/sandboxes/{await CreateAsync()}/metrics?{query}")).AssertProblemAsync(400, "invalid_request");

        Assert.True(problem.GetProperty("errors").TryGetProperty(name, out _), problem.GetRawText());
    }

    [Fact]
    public async Task Another_tenants_sandbox_is_not_found()
    {
        var id = await CreateAsync();
        using var other = await _cluster.ClientOfAsync(await _cluster.CreateTenantAsync(), "read");

        await (await other.SendAsync("GET", $"/v1/sandboxes/{id}/metrics")).AssertProblemAsync(404, "sandbox_not_found");
        await (await _cluster.Client.SendAsync("GET", "/v1/sandboxes/sbx_1/metrics")).AssertProblemAsync(404, "sandbox_not_found");
    }

    [Fact]
    public async Task A_run_that_has_ended_has_its_usage_and_an_open_one_has_none()
    {
        var id = await CreateAsync();
        var gate = Guid.NewGuid().ToString("N");
        var open = await _cluster.Client.SendAsync("POST", $"/v1/sandboxes/{id}/exec", Replies.Script($"hold {gate}"), wait: false);
        var run = $"/v1/sandboxes/{id}/runs/{open.Header("Podflare-Run-Id")}";

        Assert.Equal("null", (await (await _cluster.Client.SendAsync("GET", run)).ReadJsonAsync()).GetProperty("usage").GetRawText());
        _cluster.World.Gate(gate).SetResult();
        await open.ReadTextAsync();
        Assert.Equal(
            """{"cpu_seconds":0.50025,"throttled_seconds":0,"memory_peak_bytes":104857600,"processes_peak":7,"disk_used_bytes":null,"oom_kills":0}""",
            (await (await _cluster.Client.SendAsync("GET", run)).ReadJsonAsync()).GetProperty("usage").GetRawText());
    }

    private async Task<string> CreateAsync() => (await (await _cluster.Client.SendAsync("POST", "/v1/sandboxes", "{}")).ReadJsonAsync()).GetProperty("id").GetString()!;
}
