using System.Text;
using System.Text.Json;
using Podflare.Runs;
using Podflare.Scripted;

namespace Podflare;

/// <summary>Tools that code calls: their definitions with a run, and answers to their calls.</summary>
public sealed class ToolTests(SharedCluster shared)
{
    private const string Tool = "{\"name\":\"search\",\"description\":\"Finds.\",\"input_schema\":{\"type\":\"object\",\"properties\":{\"q\":{\"type\":\"string\"}}}}";
    private readonly Cluster _cluster = shared.Cluster;

    [Theory]
    [InlineData("runs")]
    [InlineData("exec")]
    public async Task Definitions_reach_the_sandbox_as_they_were_sent(string route)
    {
        var id = _cluster.World.Add();
        var response = await _cluster.Client.SendAsync(
            "POST", $"/v1/sandboxes/{id}/{route}", $"{{\"code\":\"out 1\",\"tools\":[{Tool},{{\"name\":\"a-b.c\",\"strict\":[{{}}],\"description\":null}}],\"tool_timeout_seconds\":1.5}}");
        Assert.True(response.IsSuccessStatusCode, await response.ReadTextAsync());

        var tools = _cluster.World.Sandboxes[id.Value].Runs.Single().Request.Tools!;
        Assert.Equal(TimeSpan.FromSeconds(1.5), tools.Timeout);
        Assert.Equal([("search", "Finds."), ("a-b.c", null)], tools.Definitions.Select(tool => (tool.Name, tool.Description)));
        Assert.Equal("{\"type\":\"object\",\"properties\":{\"q\":{\"type\":\"string\"}}}", Encoding.UTF8.GetString(tools.Definitions[0].InputSchema!));
        Assert.Null(tools.Definitions[1].InputSchema);
    }

    [Fact]
    public async Task A_call_waits_no_longer_than_its_run()
    {
        var id = _cluster.World.Add();
        var response = await _cluster.Client.SendAsync("POST", $"/v1/sandboxes/{id}/runs", $"{{\"code\":\"out 1\",\"timeout_seconds\":5,\"tools\":[{Tool}],\"tool_timeout_seconds\":6}}");

        Assert.Contains("tool_timeout_seconds", response.Headers.GetValues("Podflare-Warning").Single(), StringComparison.Ordinal);
        Assert.Equal(TimeSpan.FromSeconds(5), _cluster.World.Sandboxes[id.Value].Runs.Single().Request.Tools!.Timeout);
    }

    [Theory]
    [InlineData("\"code\":\"x\",\"tools\":{}", "tools")]
    [InlineData("\"code\":\"x\",\"tools\":[]", "tools")]
    [InlineData("\"code\":\"x\",\"tools\":[1]", "tools[0]")]
    [InlineData("\"code\":\"x\",\"tools\":[{}]", "tools[0].name")]
    [InlineData("\"code\":\"x\",\"tools\":[{\"name\":\"a b\"}]", "tools[0].name")]
    [InlineData("\"code\":\"x\",\"tools\":[{\"name\":7}]", "tools[0].name")]
    [InlineData("\"code\":\"x\",\"tools\":[{\"name\":\"a\"},{\"name\":\"a\"}]", "tools[1].name")]
    [InlineData("\"code\":\"x\",\"tools\":[{\"name\":\"a\",\"description\":{\"x\":[1]}}]", "tools[0].description")]
    [InlineData("\"code\":\"x\",\"tools\":[{\"name\":\"a\",\"input_schema\":[{}]}]", "tools[0].input_schema")]
    [InlineData("\"code\":\"x\",\"tools\":[{\"name\":\"a\",\"description\":\"\\ud800\"}]", "tools[0].description")]
    [InlineData("\"code\":\"x\",\"tools\":[{\"name\":\"a\"}],\"tool_timeout_seconds\":0", "tool_timeout_seconds")]
    [InlineData("\"code\":\"x\",\"tools\":[{\"name\":\"a\"}],\"tool_timeout_seconds\":\"1\"", "tool_timeout_seconds")]
    [InlineData("\"code\":\"x\",\"tool_timeout_seconds\":1", "tool_timeout_seconds")]
    [InlineData("\"code\":\"x\",\"language\":\"bash\",\"tools\":[{\"name\":\"a\"}]", "tools")]
    [InlineData("\"command\":\"x\",\"tools\":[{\"name\":\"a\"}]", "tools")]
    public async Task What_is_wrong_with_definitions_is_named(string fields, string field)
    {
        var problem = await (await _cluster.Client.SendAsync("POST", $"/v1/sandboxes/{_cluster.World.Add()}/exec", $"{{{fields}}}")).AssertProblemAsync(400, "invalid_request");
        Assert.True(problem.GetProperty("errors").TryGetProperty(field, out _), problem.ToString());
    }

    [Fact]
    public async Task Definitions_are_bounded()
    {
        var id = _cluster.World.Add();
        string Many(int count) => string.Join(',', Enumerable.Range(0, count).Select(index => $"{{\"name\":\"t{index}\"}}"));
        string Large(int bytes) => $"{{\"name\":\"a\",\"description\":\"{new string('x', bytes - "{\"name\":\"a\",\"description\":\"\"}]".Length)}\"}}";
        Task<HttpResponseMessage> StartAsync(string tools) => _cluster.Client.SendAsync("POST", $"/v1/sandboxes/{id}/runs", $"{{\"code\":\"out 1\",\"tools\":[{tools}]}}");

        Assert.Equal(201, (int)(await StartAsync(Many(64))).StatusCode);
        Assert.Equal(201, (int)(await StartAsync(Large(65_536))).StatusCode);
        foreach (var tools in new[] { Many(65), Large(65_537) })
        {
            var problem = await (await StartAsync(tools)).AssertProblemAsync(400, "invalid_request");
            Assert.True(problem.GetProperty("errors").TryGetProperty("tools", out _), problem.ToString());
        }
    }

    [Fact]
    public async Task Answers_are_passed_on_as_they_were_sent()
    {
        var (path, run) = await StartAsync();
        var response = await _cluster.Client.SendAsync("POST", $"{path}/tool_results", """
            {"results":[{"call_id":"call_1","content":{"a":[1, "é"],"error":1}},{"call_id":"call_2","content":null},{"call_id":"call_3","error":{"message":"no index","type":"x"}},{"call_id":"call_4","content":7,"error":null}]}
            """);

        Assert.Equal("{\"accepted\":[\"call_1\",\"call_2\",\"call_3\",\"call_4\"]}", await response.ReadTextAsync());
        Assert.Equal(
            [("{\"a\":[1, \"é\"],\"error\":1}", false), ("null", false), ("no index", true), ("7", false)],
            run.ToolAnswers.OrderBy(answer => answer.Key).Select(answer => (Encoding.UTF8.GetString(answer.Value.Content), answer.Value.IsError)));
    }

    [Fact]
    public async Task Each_answer_stands_for_itself_and_where_none_is_accepted_the_first_says_why()
    {
        var (path, run) = await StartAsync();
        static string Body(params string[] calls) => $"{{\"results\":[{string.Join(',', calls.Select(call => $"{{\"call_id\":\"{call}\",\"content\":1}}"))}]}}";

        var some = await _cluster.Client.SendAsync("POST", $"{path}/tool_results", Body("call_closed", "call_1", "other"));
        Assert.Equal(
            "{\"accepted\":[\"call_1\"],\"refused\":[{\"call_id\":\"call_closed\",\"code\":\"tool_call_closed\"},{\"call_id\":\"other\",\"code\":\"tool_call_not_found\"}]}", await some.ReadTextAsync());
        await (await _cluster.Client.SendAsync("POST", $"{path}/tool_results", Body("call_closed", "other"))).AssertProblemAsync(409, "tool_call_closed");
        await (await _cluster.Client.SendAsync("POST", $"{path}/tool_results", Body("other", "call_closed"))).AssertProblemAsync(404, "tool_call_not_found");
        run.Kill();
        await (await _cluster.Client.SendAsync("POST", $"{path}/tool_results", Body("call_1"))).AssertProblemAsync(409, "tool_call_closed");
        await (await _cluster.Client.SendAsync("POST", $"{path[..^1]}{(path[^1] == '0' ? '1' : '0')}/tool_results", Body("call_1"))).AssertProblemAsync(404, "run_not_found");
    }

    [Theory]
    [InlineData("{}", "results")]
    [InlineData("{\"results\":{}}", "results")]
    [InlineData("{\"results\":[]}", "results")]
    [InlineData("{\"results\":[[]]}", "results[0]")]
    [InlineData("{\"results\":[{\"content\":1}]}", "results[0].call_id")]
    [InlineData("{\"results\":[{\"call_id\":1,\"content\":1}]}", "results[0].call_id")]
    [InlineData("{\"results\":[{\"call_id\":\"call_1\"}]}", "results[0].content")]
    [InlineData("{\"results\":[{\"call_id\":\"call_1\",\"content\":1,\"error\":{\"message\":\"x\"}}]}", "results[0].content")]
    [InlineData("{\"results\":[{\"call_id\":\"call_1\",\"error\":\"x\"}]}", "results[0].error")]
    [InlineData("{\"results\":[{\"call_id\":\"call_1\",\"error\":{}}]}", "results[0].error.message")]
    [InlineData("{\"results\":[{\"call_id\":\"call_1\",\"error\":{\"message\":{\"a\":1}}}]}", "results[0].error.message")]
    [InlineData("{\"results\":[{\"call_id\":\"call_1\",\"content\":1},{\"call_id\":\"call_2\"}]}", "results[1].content")]
    public async Task What_is_wrong_with_answers_is_named_and_nothing_is_passed_on(string body, string field)
    {
        var (path, run) = await StartAsync();
        var problem = await (await _cluster.Client.SendAsync("POST", $"{path}/tool_results", body)).AssertProblemAsync(400, "invalid_request");

        Assert.True(problem.GetProperty("errors").TryGetProperty(field, out _), problem.ToString());
        Assert.Empty(run.ToolAnswers);
    }

    [Fact]
    public async Task Answers_are_bounded_and_one_that_is_too_large_leaves_its_call_open()
    {
        var (path, run) = await StartAsync();
        string Result(int length) => $"{{\"call_id\":\"call_1\",\"content\":\"{new string('x', length - 2)}\"}}";
        Task<HttpResponseMessage> PostAsync(params string[] results) => _cluster.Client.SendAsync("POST", $"{path}/tool_results", $"{{\"results\":[{string.Join(',', results)}]}}");

        await (await PostAsync(Result((1 << 20) + 1))).AssertProblemAsync(413, "code_too_large");
        var many = await (await PostAsync([.. Enumerable.Repeat(Result(2), 17)])).AssertProblemAsync(400, "invalid_request");
        Assert.True(many.GetProperty("errors").TryGetProperty("results", out _));
        Assert.Empty(run.ToolAnswers);
        Assert.Equal(200, (int)(await PostAsync(Result(1 << 20))).StatusCode);
        Assert.Equal(1 << 20, run.ToolAnswers["call_1"].Content.Length);
    }

    [Fact]
    public async Task A_sandbox_that_is_too_old_is_501()
    {
        var response = await _cluster.Client.SendAsync("POST", $"/v1/sandboxes/{_cluster.World.Add()}/exec", $"{{\"code\":\"fail 9 old\",\"tools\":[{Tool}]}}");
        await response.AssertProblemAsync(501, "not_offered");
    }

    [Fact]
    public async Task A_run_names_its_open_calls_and_one_without_tools_says_nothing_of_them()
    {
        var (path, run) = await StartAsync();
        run.OpenToolCalls = ["call_3"];
        Assert.Equal("[\"call_3\"]", (await (await _cluster.Client.SendAsync("GET", path)).ReadJsonAsync()).GetProperty("open_tool_calls").GetRawText());
        run.OpenToolCalls = null;
        Assert.False((await (await _cluster.Client.SendAsync("GET", path)).ReadJsonAsync()).TryGetProperty("open_tool_calls", out _));
    }

    private async Task<(string Path, ScriptedRun Run)> StartAsync()
    {
        var id = _cluster.World.Add();
        var response = await _cluster.Client.SendAsync("POST", $"/v1/sandboxes/{id}/runs", $"{{\"code\":\"hold never\",\"tools\":[{Tool}]}}");
        Assert.True((int)response.StatusCode == 201, await response.ReadTextAsync());
        return (response.Headers.Location!.ToString(), _cluster.World.Sandboxes[id.Value].Runs.Single());
    }
}
