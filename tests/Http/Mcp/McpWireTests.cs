using System.Text.Json.Nodes;
using static Podflare.McpPeer;

namespace Podflare;

/// <summary>The rules of the transport, of the protocol, and of authentication.</summary>
public sealed class McpWireTests(SharedCluster shared)
{
    private static readonly string[] ToolNames =
    [
        "create_sandbox", "delete_sandbox", "interrupt_run", "list_files", "list_sandboxes", "read_file", "read_run", "run_bash", "run_python", "write_file",
    ];

    private readonly Cluster _cluster = shared.Cluster;
    private readonly McpPeer _peer = new(shared.Cluster.Client);

    [Fact]
    public async Task The_list_has_every_tool_by_name_and_may_be_kept()
    {
        var list = await _peer.ResultAsync("tools/list", []);

        var tools = list.GetProperty("tools").EnumerateArray().ToArray();
        Assert.Equal(ToolNames, tools.Select(tool => tool.Text("name")));
        Assert.Equal((300_000, "public"), (list.GetProperty("ttlMs").GetInt64(), list.Text("cacheScope")));
        Assert.All(tools, tool =>
        {
            Assert.NotEqual("", tool.Text("title"));
            Assert.NotEqual("", tool.Text("description"));
            Assert.False(tool.GetProperty("annotations").GetProperty("openWorldHint").GetBoolean());
            Assert.All(tool.GetProperty("inputSchema").GetProperty("properties").EnumerateObject(), property => Assert.Equal(System.Text.Json.JsonValueKind.String, property.Value.GetProperty("type").ValueKind));
        });
        Assert.Equal(["delete_sandbox", "write_file"], tools.Where(tool => tool.GetProperty("annotations").GetProperty("destructiveHint").GetBoolean()).Select(tool => tool.Text("name")));
        Assert.Equal(
            ["list_files", "list_sandboxes", "read_file", "read_run"], tools.Where(tool => tool.GetProperty("annotations").GetProperty("readOnlyHint").GetBoolean()).Select(tool => tool.Text("name")));
        var python = tools.Single(tool => tool.Text("name") == "run_python");
        Assert.Equal(["code"], python.GetProperty("inputSchema").GetProperty("required").EnumerateArray().Select(name => name.GetString()));
        var sandbox = python.GetProperty("inputSchema").GetProperty("properties").GetProperty("sandbox_id");
        Assert.Equal(("", "Sandbox-Id"), (sandbox.Text("default"), sandbox.Text("x-mcp-header")));
        Assert.Equal("object", python.GetProperty("outputSchema").Text("type"));
    }

    [Fact]
    public async Task Discovery_tells_what_the_server_is_and_how_it_is_used()
    {
        var found = await _peer.ResultAsync("server/discover", []);

        Assert.Contains("sandbox_id", found.Text("instructions"), StringComparison.Ordinal);
        Assert.True(found.GetProperty("capabilities").GetProperty("extensions").TryGetProperty("io.modelcontextprotocol/tasks", out var _));
    }

    [Fact]
    public async Task A_header_that_does_not_match_the_body_is_refused()
    {
        Action<HttpRequestMessage>[] wrong =
        [
            request => Replace(request, "Mcp-Method", "tools/list"),
            request => Replace(request, "Mcp-Name", "run_bash"),
            request => Replace(request, "Mcp-Param-Sandbox-Id", "sbx_2"),
        ];

        foreach (var change in wrong)
        {
            var response = await _peer.SendAsync("tools/call", new JsonObject { ["name"] = "run_python", ["arguments"] = Arguments(("code", "out 1"), ("sandbox_id", "sbx_1")) }, change);
            Assert.Equal((400, -32020), ((int)response.StatusCode, (await ReadAsync(response)).GetProperty("error").GetProperty("code").GetInt32()));
        }

        // By its header it is a request of an older revision, which answers with a stream, so the status has been sent before.
        var older = await _peer.SendAsync("tools/list", [], request => Replace(request, "MCP-Protocol-Version", "2025-11-25"));
        Assert.Equal(-32020, (await ReadAsync(older)).GetProperty("error").GetProperty("code").GetInt32());
    }

    [Fact]
    public async Task What_does_not_exist_has_the_code_that_the_protocol_gives_it()
    {
        var unknown = await _peer.FailAsync("tools/call", new JsonObject { ["name"] = "rm_rf", ["arguments"] = new JsonObject() });
        Assert.Equal(-32602, unknown.GetProperty("code").GetInt32());

        var method = await _peer.SendAsync("tools/none", []);
        Assert.Equal((404, -32601), ((int)method.StatusCode, (await ReadAsync(method)).GetProperty("error").GetProperty("code").GetInt32()));

        var version = await _peer.SendAsync("tools/list", [], request => Replace(request, "MCP-Protocol-Version", "2099-01-01"));
        Assert.Equal(400, (int)version.StatusCode);
    }

    [Theory]
    [InlineData("GET")]
    [InlineData("DELETE")]
    public async Task There_is_no_session_to_get_or_delete(string method) =>
        await (await _cluster.Client.SendAsync(method, "/mcp")).AssertProblemAsync(405, "method_not_allowed");

    [Fact]
    public async Task A_request_over_the_limit_is_refused()
    {
        var response = await _peer.SendAsync("tools/call", new JsonObject { ["name"] = "run_python", ["arguments"] = Arguments(("code", new string('x', 9 * 1024 * 1024))) });

        await response.AssertProblemAsync(413, "code_too_large");
    }

    [Fact]
    public async Task A_stranger_needs_a_key_and_a_key_its_scope()
    {
        using var stranger = _cluster.ClientOf(null);
        var response = await new McpPeer(stranger).SendAsync("tools/list", []);
        await response.AssertProblemAsync(401, "missing_api_key");
        Assert.Equal("Bearer", response.Header("WWW-Authenticate"));
        Assert.Equal(404, (int)(await stranger.SendAsync("GET", "/.well-known/oauth-protected-resource/mcp")).StatusCode);

        var (tenant, id) = (await _cluster.CreateTenantAsync(), default(Podflare.Sandboxes.SandboxId));
        id = _cluster.World.Add(new(tenant));
        using var reader = await _cluster.ClientOfAsync(tenant, "read");
        var peer = new McpPeer(reader);
        Assert.Equal(ToolNames, (await peer.ResultAsync("tools/list", [])).GetProperty("tools").EnumerateArray().Select(tool => tool.Text("name")));
        Assert.Contains(id.Value, Text(await peer.CallAsync("list_sandboxes", [])), StringComparison.Ordinal);
        var refused = await peer.CallAsync("run_python", Arguments(("code", "out 1"), ("sandbox_id", id.Value)));
        Assert.StartsWith("insufficient_scope: ", Text(refused), StringComparison.Ordinal);
        Assert.True(refused.GetProperty("isError").GetBoolean());
        Assert.Empty(_cluster.World.Sandboxes[id.Value].Runs);
    }

    [Fact]
    public async Task A_server_without_the_option_has_no_such_route()
    {
        await using var cluster = await Cluster.StartAsync([], ("Podflare:Mcp:Enabled", "false"));

        Assert.Equal(404, (int)(await new McpPeer(cluster.Client).SendAsync("tools/list", [])).StatusCode);
        Assert.DoesNotContain("mcp", (await (await cluster.Client.SendAsync("GET", "/v1/info")).ReadJsonAsync()).GetProperty("features").EnumerateArray().Select(one => one.GetString()));
        Assert.Contains("mcp", (await (await _cluster.Client.SendAsync("GET", "/v1/info")).ReadJsonAsync()).GetProperty("features").EnumerateArray().Select(one => one.GetString()));
    }

    [Fact]
    public async Task A_page_of_another_origin_or_another_host_is_refused_where_no_key_is_needed()
    {
        await using var cluster = await Cluster.StartAsync([], ("PODFLARE_API_KEYS", ""));
        var peer = new McpPeer(cluster.Client);

        await (await peer.SendAsync("tools/list", [], request => request.Headers.TryAddWithoutValidation("Origin", "https://evil.example"))).AssertProblemAsync(403, "cross_origin_refused");
        await (await peer.SendAsync("tools/list", [], request => request.Headers.Host = "evil.example")).AssertProblemAsync(421, "host_not_allowed");
        Assert.Equal(200, (int)(await peer.SendAsync("tools/list", [])).StatusCode);
    }

    private static string Text(System.Text.Json.JsonElement result) => result.GetProperty("content")[0].Text("text")!;

    private static void Replace(HttpRequestMessage request, string header, string value)
    {
        request.Headers.Remove(header);
        request.Headers.TryAddWithoutValidation(header, value);
    }
}
