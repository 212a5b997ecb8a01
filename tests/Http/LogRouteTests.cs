using System.Text.Json;

namespace Podflare;

/// <summary><c>GET /v1/sandboxes/{id}/logs</c>.</summary>
public sealed class LogRouteTests(SharedCluster shared)
{
    private readonly Cluster _cluster = shared.Cluster;

    [Fact]
    public async Task What_was_done_to_a_sandbox_is_in_its_log_and_reading_is_not()
    {
        var id = await CreateAsync();
        var exec = await _cluster.Client.SendAsync("POST", $"/v1/sandboxes/{id}/exec", Replies.Script("print 1"));
        await exec.ReadTextAsync();
        JsonElement page = default;
        await Cluster.WaitAsync(async () => (page = await ReadAsync(id)).GetProperty("logs").EnumerateArray().Any(line => Message(line).StartsWith("POST /v1/sandboxes/{id}/exec", StringComparison.Ordinal)));
        await ReadAsync(id);

        var line = page.GetProperty("logs").EnumerateArray().First(line => Message(line).Contains("/exec", StringComparison.Ordinal));

        Assert.Equal(["ts", "level", "message", "source", "run_id", "trace_id"], line.EnumerateObject().Select(member => member.Name));
        Assert.Matches($@"^POST /v1/sandboxes/\{{id}}/exec answered 200 in \d+\.\d ms, sandbox {id}\.$", Message(line));
        Assert.Equal(("info", "frontend"), (line.GetProperty("level").GetString(), line.GetProperty("source").GetString()));
        Assert.DoesNotContain(page.GetProperty("logs").EnumerateArray(), line => Message(line).StartsWith("GET ", StringComparison.Ordinal));
        Assert.Equal(page.GetProperty("logs").GetArrayLength(), page.GetProperty("next_after").GetInt64());
        Assert.Equal(0, page.GetProperty("dropped").GetInt64());
    }

    [Fact]
    public async Task A_tenant_neither_reads_nor_writes_the_log_of_another_tenants_sandbox()
    {
        var id = await CreateAsync();
        using var other = await _cluster.ClientOfAsync(await _cluster.CreateTenantAsync(), "read sandboxes");
        await (await other.SendAsync("GET", $"/v1/sandboxes/{id}/logs")).AssertProblemAsync(404, "sandbox_not_found");
        await (await other.SendAsync("POST", $"/v1/sandboxes/{id}/exec", Replies.Script("print 1"))).AssertProblemAsync(404, "sandbox_not_found");
        await _cluster.Client.SendAsync("DELETE", $"/v1/sandboxes/{id}");

        JsonElement page = default;
        await Cluster.WaitAsync(async () => (page = await ReadAsync(id)).GetProperty("logs").EnumerateArray().Any(line => Message(line).StartsWith("DELETE ", StringComparison.Ordinal)));
        Assert.DoesNotContain("404", page.GetRawText(), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("after=-1", "after")]
    [InlineData("after=x", "after")]
    [InlineData("limit=0", "limit")]
    [InlineData("limit=2001", "limit")]
    [InlineData("limit=1&limit=2", "limit")]
    public async Task A_wrong_parameter_is_named(string query, string name)
    {
        var problem = await (await _cluster.Client.SendAsync("GET", $"/v1/sandboxes/{await CreateAsync()}/logs?{query}")).AssertProblemAsync(400, "invalid_request");

        Assert.True(problem.GetProperty("errors").TryGetProperty(name, out _), problem.GetRawText());
    }

    private static string Message(JsonElement line) => line.GetProperty("message").GetString()!;

    private async Task<JsonElement> ReadAsync(string id) => await (await _cluster.Client.SendAsync("GET", $"/v1/sandboxes/{id}/logs")).ReadJsonAsync();

    private async Task<string> CreateAsync() => (await (await _cluster.Client.SendAsync("POST", "/v1/sandboxes", "{}")).ReadJsonAsync()).GetProperty("id").GetString()!;
}
