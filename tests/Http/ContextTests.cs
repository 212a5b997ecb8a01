using System.Text.Json;
using Podflare.Runs;

namespace Podflare;

public sealed class ContextTests(SharedCluster shared)
{
    private readonly Cluster _cluster = shared.Cluster;

    [Fact]
    public async Task A_context_is_created_found_again_and_deleted()
    {
        var path = $"/v1/sandboxes/{_cluster.World.Add()}/contexts";

        var created = await _cluster.Client.SendAsync("POST", path, "{\"id\":\"c-1\",\"cwd\":\"/tmp\",\"env\":{\"A\":\"1\"}}");
        var repeated = await _cluster.Client.SendAsync("POST", path, "{\"id\":\"c-1\",\"cwd\":\"/tmp\"}");

        Assert.Equal((201, 200, $"{path}/c-1"), ((int)created.StatusCode, (int)repeated.StatusCode, created.Headers.Location?.ToString()));
        Assert.Equal(
            "{\"id\":\"c-1\",\"language\":\"python\",\"cwd\":\"/tmp\",\"state\":\"idle\",\"run\":null,\"queued\":0,\"execution_count\":0}", await created.ReadTextAsync());
        await (await _cluster.Client.SendAsync("POST", path, "{\"id\":\"c-1\"}")).AssertProblemAsync(409, "context_exists");
        Assert.Equal("c-1", (await (await _cluster.Client.SendAsync("GET", $"{path}/c-1")).ReadJsonAsync()).GetProperty("id").GetString());
        Assert.Equal(["c-1", "python"], await IdsAsync(path));
        Assert.Equal(200, (int)(await _cluster.Client.SendAsync("POST", $"{path}/c-1/restart")).StatusCode);
        Assert.Equal(204, (int)(await _cluster.Client.SendAsync("DELETE", $"{path}/c-1")).StatusCode);
        foreach (var (method, action) in new[] { ("GET", ""), ("DELETE", ""), ("POST", "/restart"), ("POST", "/interrupt") })
            await (await _cluster.Client.SendAsync(method, $"{path}/c-1{action}")).AssertProblemAsync(404, "context_not_found");
    }

    [Fact]
    public async Task The_default_context_stays_and_the_number_is_limited()
    {
        var path = $"/v1/sandboxes/{_cluster.World.Add()}/contexts";

        await (await _cluster.Client.SendAsync("DELETE", $"{path}/python")).AssertProblemAsync(409, "context_required");
        Assert.Equal(201, (int)(await _cluster.Client.SendAsync("POST", path, "{\"language\":\"bash\"}")).StatusCode);
        Assert.Equal(201, (int)(await _cluster.Client.SendAsync("POST", path)).StatusCode);
        await (await _cluster.Client.SendAsync("POST", path, "{}")).AssertProblemAsync(429, "context_quota_exceeded");
        Assert.Equal(["c1", "c2", "python"], await IdsAsync(path));
    }

    [Theory]
    [InlineData("{\"id\":\"\"}", "id")]
    [InlineData("{\"id\":\"_a\"}", "id")]
    [InlineData("{\"id\":\"A\"}", "id")]
    [InlineData("{\"id\":\"a b\"}", "id")]
    [InlineData("{\"id\":7}", "id")]
    [InlineData("{\"cwd\":\"tmp\"}", "cwd")]
    [InlineData("{\"language\":\"ruby\"}", "language")]
    [InlineData("{\"env\":{\"A=\":\"1\"}}", "env.A=")]
    public async Task A_context_that_is_wrong_names_the_field(string body, string field)
    {
        var problem = await (await _cluster.Client.SendAsync("POST", $"/v1/sandboxes/{_cluster.World.Add()}/contexts", body)).AssertProblemAsync(400, "invalid_request");

        Assert.True(problem.GetProperty("errors").TryGetProperty(field, out _), problem.ToString());
    }

    [Theory]
    [InlineData("C")]
    [InlineData("-a")]
    [InlineData("a.b")]
    public async Task A_malformed_id_is_not_found(string id) =>
        await (await _cluster.Client.SendAsync("GET", $"/v1/sandboxes/{_cluster.World.Add()}/contexts/{id}")).AssertProblemAsync(404, "context_not_found");

    [Theory]
    [InlineData("", 1, "interrupt ")]
    [InlineData("{\"queued\":true,\"grace_seconds\":2}", 2, "interrupt 00:00:02")]
    public async Task An_interrupt_needs_no_run(string body, int count, string expected)
    {
        var id = _cluster.World.Add();
        foreach (var context in new[] { "python", "python", "c1" })
            await _cluster.Client.SendAsync("POST", $"/v1/sandboxes/{id}/runs", JsonSerializer.Serialize(new { code = "hold never", context }));

        var response = await _cluster.Client.SendAsync("POST", $"/v1/sandboxes/{id}/contexts/python/interrupt", body);

        Assert.Equal(202, (int)response.StatusCode);
        var reached = (await response.ReadJsonAsync()).GetProperty("runs").EnumerateArray().Select(run => run.GetString()).ToArray();
        Assert.Equal(_cluster.World.Sandboxes[id.Value].Runs.Take(count).Select(run => run.Id.Value), reached);
        Assert.All(_cluster.World.Sandboxes[id.Value].Runs.Take(count), run => Assert.Equal([expected], run.Controls));
    }

    [Fact]
    public async Task Contexts_of_anothers_sandbox_are_not_found() =>
        await (await _cluster.Client.SendAsync("GET", $"/v1/sandboxes/{_cluster.World.Add(new("acme"))}/contexts")).AssertProblemAsync(404, "sandbox_not_found");

    private async Task<IEnumerable<string?>> IdsAsync(string path) =>
        (await (await _cluster.Client.SendAsync("GET", path)).ReadJsonAsync()).GetProperty("contexts").EnumerateArray().Select(context => context.GetProperty("id").GetString());
}
