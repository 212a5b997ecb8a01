using System.Text.Json;

namespace Podflare.E2b;

/// <summary>The code interpreter of the dialect.</summary>
public sealed class InterpreterTests(SharedCluster shared)
{
    private const string At = "\"timestamp\":\"2026-04-18T11:00:28.036Z\"";
    private readonly Cluster _cluster = shared.Cluster;

    [Fact]
    public async Task Events_become_the_lines_of_E2B()
    {
        var box = await _cluster.CreateAsync();

        var response = await box.ExecuteAsync(new
        {
            code = """
                out ünï "q"
                err e
                event {"type":"result","data":{"text/plain":"'a'","text/html":"<b>","application/x-y":"z"},@,"main":true}
                event {"type":"result","data":{"text/plain":"{'k': [1, None, '\u00e9']}"},@}
                """,
            env_vars = new { A = "1" },
        });

        Assert.Equal("application/x-ndjson", response.Content.Headers.ContentType?.ToString());
        Assert.Equal(
            string.Concat(
                "{\"type\":\"number_of_executions\",\"execution_count\":1}\n",
                "{\"type\":\"stdout\",\"text\":\"\\u00FCn\\u00EF \\u0022q\\u0022\\n\"," + At + "}\n",
                "{\"type\":\"stderr\",\"text\":\"e\\n\"," + At + "}\n",
                "{\"type\":\"result\",\"is_main_result\":true,\"text\":\"a\",\"html\":\"\\u003Cb\\u003E\",\"extra\":{\"application/x-y\":\"z\"}}\n",
                "{\"type\":\"result\",\"is_main_result\":false,\"text\":\"{\\u0027k\\u0027: [1, None, \\u0027\\u00E9\\u0027]}\",\"json\":{\"k\":[1,null,\"\\u00E9\"]}}\n",
                "{\"type\":\"end_of_execution\"}\n"),
            await response.ReadTextAsync());
        var run = Assert.Single(_cluster.World.Sandboxes[box.NativeId].Runs);
        Assert.Equal(("1", TimeSpan.FromSeconds(2), Runs.DisplayPolicy.Last, true), (run.Request.Env["A"], run.Request.DisconnectAfter, run.Request.Display, run.Request.Columns));
    }

    [Theory]
    [InlineData("""event {"type":"exit","data":1,@,"error":{"name":"E","value":"v","traceback":"t"}}""", "E", "v")]
    [InlineData("""event {"type":"exit","data":137,@,"reason":"oom","state_lost":true}""", "OutOfMemory", "The sandbox ran out of memory. The variables of the context are gone.")]
    [InlineData("""event {"type":"exit","data":124,@,"reason":"timeout"}""", "TimeoutError", "The execution took longer than allowed.")]
    [InlineData("""event {"type":"exit","data":137,@,"reason":"killed"}""", "ContextRestarted", "The context was restarted or deleted during the execution.")]
    [InlineData("exit 3", "SystemExit", "exit status 3")]
    public async Task An_end_with_an_error_is_an_error_line(string script, string name, string value)
    {
        var box = await _cluster.CreateAsync();

        var lines = (await (await box.ExecuteAsync(new { code = script })).ReadTextAsync()).Split('\n', StringSplitOptions.RemoveEmptyEntries).Select(line => JsonDocument.Parse(line).RootElement).ToArray();

        var error = lines.Single(line => line.GetProperty("type").GetString() == "error");
        Assert.Equal((name, value), (error.GetProperty("name").GetString(), error.GetProperty("value").GetString()));
    }

    [Theory]
    [InlineData("{\"code\":\"1\",\"context_id\":\"a\",\"language\":\"python\"}", 400, "Only one of context_id or language can be provided")]
    [InlineData("{\"code\":\"1\",\"language\":\"javascript\"}", 501, "the language javascript is not supported")]
    [InlineData("{\"code\":\"1\",\"context_id\":\"No\"}", 404, "context not found: No")]
    [InlineData("{\"code\":\"fail 9 context\"}", 404, "context not found: c9")]
    [InlineData("{}", 400, "code must be given")]
    [InlineData("x", 400, "body must be valid JSON")]
    public async Task Refusals_before_the_stream_are_plain_text(string body, int status, string text)
    {
        var box = await _cluster.CreateAsync();

        var response = await box.SendAsync(E2bClient.Interpreter, "POST", "/execute", Replies.Json(body), null, box.TrafficToken);

        Assert.Equal((status, text, "text/plain"), ((int)response.StatusCode, await response.ReadTextAsync(), response.Content.Headers.ContentType?.MediaType));
    }

    [Fact]
    public async Task A_sandbox_that_ends_aborts_the_response()
    {
        var box = await _cluster.CreateAsync();
        var state = _cluster.World.Sandboxes[box.NativeId];
        var executing = box.ExecuteAsync(new { code = "out a\nhold end-of-sandbox\nevent {\"type\":\"exit\",\"data\":137,@,\"reason\":\"killed\"}" });
        await Cluster.WaitAsync(() => state.Runs.Count == 1);

        state.Info = state.Info with { State = Sandboxes.SandboxState.Ended, EndReason = Sandboxes.EndReason.Deleted, EndedAt = state.Info.CreatedAt };
        state.Runs[0].Kill("killed");

        await Assert.ThrowsAnyAsync<HttpRequestException>(() => executing);
    }

    [Fact]
    public async Task A_client_that_leaves_interrupts_its_code()
    {
        var box = await _cluster.CreateAsync();
        var state = _cluster.World.Sandboxes[box.NativeId];
        using (var client = _cluster.ClientOf(null))
        {
            using var request = new HttpRequestMessage(HttpMethod.Post, $"{E2bClient.Mount}/execute") { Content = Replies.Json("""{"code":"hold never"}""") };
            foreach (var (name, value) in new[] { ("E2b-Sandbox-Id", box.Id), ("E2b-Sandbox-Port", "49999"), ("E2B-Traffic-Access-Token", box.TrafficToken) }) request.Headers.Add(name, value);
            using var response = await client.SendAsync(request, HttpCompletionOption.ResponseHeadersRead, TestContext.Current.CancellationToken);
            await Cluster.WaitAsync(() => state.Runs.Count == 1);
        }

        await Cluster.WaitAsync(() => state.Runs[0].Interrupts > 0);
    }

    [Fact]
    public async Task Silence_is_filled_and_contexts_are_those_of_the_sandbox()
    {
        var box = await _cluster.CreateAsync();

        var contexts = await box.SendAsync(E2bClient.Interpreter, "GET", "/contexts", null, null, box.TrafficToken);
        Assert.Equal("""[{"id":"python","language":"python","cwd":"/root"}]""", await contexts.ReadTextAsync());
        var missing = await box.SendAsync(E2bClient.Interpreter, "POST", "/contexts", Replies.Json("""{"cwd":"/nowhere"}"""), null, box.TrafficToken);
        Assert.Equal((500, "the folder /nowhere does not exist"), ((int)missing.StatusCode, await missing.ReadTextAsync()));
        var restarted = await box.SendAsync(E2bClient.Interpreter, "POST", "/contexts/python/restart", null, null, box.TrafficToken);
        Assert.Equal((200, "null"), ((int)restarted.StatusCode, await restarted.ReadTextAsync()));
        Assert.Equal(404, (int)(await box.SendAsync(E2bClient.Interpreter, "DELETE", "/contexts/c9", null, null, box.TrafficToken)).StatusCode);
    }

    [Theory]
    [InlineData("a = 1\n  b", "a = 1\n  b")]
    [InlineData("  a = 1\n  if a:\n    b\nc", "a = 1\nif a:\n  b\nc")]
    [InlineData("\tx", "x")]
    [InlineData("\n  a = 1\n\n  b\n ", "\na = 1\n\nb\n ")]
    [InlineData("  \n\ta", "  \na")]
    [InlineData("\n\n", "\n\n")]
    public void Code_with_an_indented_first_line_is_dedented(string code, string expected) =>
        Assert.Equal(expected, System.Text.Encoding.UTF8.GetString(Interpreter.ExecuteRequest.Dedent(System.Text.Encoding.UTF8.GetBytes(code))));

    [Theory]
    [InlineData("{'a': 1, 'b': [True, False, None, -1.5e-07], \"c'd\": {}}", """{"a":1,"b":[true,false,null,-1.5e-07],"c'd":{}}""")]
    [InlineData("[(1, 'x\\n\\x41\\u00e9\\U0001f600'), {1: 2, None: 3}]", """[[1,"x\nAé😀"],{"1":2,"null":3}]""")]
    [InlineData("[nan]", null)]
    [InlineData("{1, 2}", null)]
    [InlineData("[<object>]", null)]
    [InlineData("[1] + [2]", null)]
    [InlineData("['a", null)]
    [InlineData("5", null)]
    public void A_dict_or_list_of_plain_values_is_JSON(string text, string? expected)
    {
        var json = Interpreter.PythonLiteral.ToJson(text);

        Assert.Equal(expected is null, json is null);
        if (expected is not null) Assert.True(JsonElement.DeepEquals(JsonDocument.Parse(expected).RootElement, JsonDocument.Parse(json).RootElement));
    }
}
