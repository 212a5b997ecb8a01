using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using Podflare.Runs;
using Podflare.Sandboxes;
using static Podflare.McpPeer;

namespace Podflare;

/// <summary>The tools, over scripted sandboxes.</summary>
public sealed class McpToolTests(SharedCluster shared)
{
    private readonly Cluster _cluster = shared.Cluster;
    private readonly McpPeer _peer = new(shared.Cluster.Client);

    [Fact]
    public async Task Code_runs_and_its_result_is_text_and_data()
    {
        var id = _cluster.World.Add();

        var result = await _peer.CallAsync("run_python", Arguments(("code", "out a\nerr b\nevent {\"type\":\"result\",\"data\":{\"text/plain\":\"42\"},@,\"main\":true}\nexit 3"), ("sandbox_id", id.Value)));

        var run = Runs(id).Single();
        Assert.Equal($"a\nb\n42\n[exit code 3]\n[sandbox_id {id}]", Text(result));
        Assert.True(result.GetProperty("isError").GetBoolean());
        var data = result.GetProperty("structuredContent");
        Assert.Equal((id.Value, run.Id.Value, "ended", 3), (data.Text("sandbox_id"), data.Text("run_id"), data.Text("state"), data.GetProperty("exit_code").GetInt32()));
        Assert.Equal(("a\n", "b\n", 4), (data.Text("stdout"), data.Text("stderr"), data.GetProperty("last_seq").GetInt32()));
        Assert.Equal("""[{"text/plain":"42"}]""", data.GetProperty("results").GetRawText());
        Assert.Equal((TimeSpan.FromSeconds(300), RunLanguage.Python), (run.Request.Timeout, run.Request.Language));
    }

    [Fact]
    public async Task An_image_is_content_and_not_data()
    {
        var id = _cluster.World.Add();

        var result = await _peer.CallAsync("run_python", Arguments(("python_code", "event {\"type\":\"result\",\"data\":{\"image/png\":\"iVBORw0KGgo=\",\"text/plain\":\"<Figure>\"},@,\"main\":true}"), ("sandbox_id", id.Value)));

        Assert.Equal($"<Figure>\n[1 image]\n[sandbox_id {id}]", Text(result));
        Assert.Equal(("image", "image/png", "iVBORw0KGgo="), (result.GetProperty("content")[1].Text("type"), result.GetProperty("content")[1].Text("mimeType"), result.GetProperty("content")[1].Text("data")));
        Assert.DoesNotContain("iVBOR", result.GetProperty("structuredContent").GetRawText(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_command_is_a_process()
    {
        var id = _cluster.World.Add();

        await _peer.CallAsync("run_bash", Arguments(("command", "out 1"), ("cwd", "/tmp"), ("sandbox_id", id.Value), ("timeout_seconds", 7)));

        var request = Runs(id).Single().Request;
        Assert.Equal((RunKind.Process, "/tmp", TimeSpan.FromSeconds(7)), (request.Kind, request.Process?.Cwd, request.Timeout));
    }

    [Theory]
    [InlineData("run_python", "{}", "invalid_request: argument 'code' is required")]
    [InlineData("run_python", """{"code":"1","wait_seconds":-1}""", "invalid_request: wait_seconds must be a number from 0 to 300")]
    [InlineData("run_python", """{"code":"1","timeout_seconds":"x"}""", "invalid_request: timeout_seconds must be a number of at least 0.001")]
    [InlineData("run_python", """{"code":1}""", "invalid_request: code must be a string")]
    [InlineData("run_python", """{"code":"1","context":"No"}""", "invalid_request: context must be the id of a context")]
    [InlineData("run_bash", """{"command":"ls","cwd":"tmp"}""", "invalid_request: cwd must be an absolute path, such as /root")]
    [InlineData("read_run", """{"run_id":"run_1"}""", "invalid_request: argument 'sandbox_id' is required")]
    [InlineData("write_file", """{"sandbox_id":"s","path":"a"}""", "invalid_request: argument 'content' is required")]
    [InlineData("write_file", """{"sandbox_id":"s","path":"a","content_base64":"?"}""", "invalid_request: content_base64 must be Base64")]
    [InlineData("read_file", """{"sandbox_id":"sbx_00000001ffffffffffffffffffffffff","path":"../a"}""", "invalid_request: path must not contain the segments '.' or '..'")]
    [InlineData("list_sandboxes", """{"limit":0}""", "invalid_request: limit must be a whole number from 1 to 100")]
    [InlineData("create_sandbox", """{"env":{"a":1}}""", "invalid_request: env must be an object whose values are strings")]
    [InlineData("run_python", """{"code":"1","sandbox_id":"nonsense"}""", "sandbox_not_found: sandbox not found")]
    public async Task A_refusal_names_what_is_wrong(string tool, string arguments, string text)
    {
        var result = await _peer.CallAsync(tool, JsonNode.Parse(arguments)!.AsObject());

        Assert.Equal(text, Text(result));
        Assert.True(result.GetProperty("isError").GetBoolean());
    }

    [Fact]
    public async Task Another_tenants_sandbox_does_not_exist()
    {
        var id = _cluster.World.Add(new("acme"));

        foreach (var (tool, arguments) in new[] { ("run_python", Arguments(("code", "out 1"))), ("read_run", Arguments(("run_id", "run_0123456789abcdef0123456789abcdef"))), ("read_file", Arguments(("path", "/a"))), ("delete_sandbox", []) })
        {
            arguments["sandbox_id"] = id.Value;
            Assert.StartsWith("sandbox_not_found: ", Text(await _peer.CallAsync(tool, arguments)), StringComparison.Ordinal);
        }
    }

    [Fact]
    public async Task A_run_without_a_sandbox_creates_one()
    {
        var result = await _peer.CallAsync("run_python", Arguments(("code", "out 1")));

        var id = result.GetProperty("structuredContent").Text("sandbox_id")!;
        Assert.Single(_cluster.World.Sandboxes[id].Runs);
        Assert.Contains(id, Text(await _peer.CallAsync("list_sandboxes", Arguments(("limit", 100)))), StringComparison.Ordinal);
        Assert.Equal($"The sandbox {id} is deleted.", Text(await _peer.CallAsync("delete_sandbox", Arguments(("sandbox_id", id)))));
    }

    [Fact]
    public async Task The_same_key_is_the_same_sandbox_and_the_same_run()
    {
        _peer.Meta["dev.podflare/idempotency-key"] = $"k-{Guid.NewGuid()}";

        var first = await _peer.CallAsync("run_python", Arguments(("code", "out 1")));
        var second = await _peer.CallAsync("run_python", Arguments(("code", "out 1")));

        Assert.Equal(first.GetProperty("structuredContent").GetRawText(), second.GetProperty("structuredContent").GetRawText());
        Assert.Single(_cluster.World.Sandboxes[first.GetProperty("structuredContent").Text("sandbox_id")!].Runs);
    }

    [Fact]
    public async Task A_run_that_takes_longer_than_the_wait_is_read_later()
    {
        var (id, gate) = (_cluster.World.Add(), Guid.NewGuid().ToString());

        var first = await _peer.CallAsync("run_python", Arguments(("code", $"out 1\nhold {gate}\nout 2"), ("sandbox_id", id.Value), ("wait_seconds", 0)));
        var run = Runs(id).Single();
        Assert.EndsWith($"[still running; call read_run with sandbox_id {id}, run_id {run.Id} and after {first.GetProperty("structuredContent").GetProperty("last_seq").GetInt32()}]", Text(first), StringComparison.Ordinal);
        var text = "";
        await Cluster.WaitAsync(async () => (text = Text(await _peer.CallAsync("read_run", Arguments(("sandbox_id", id.Value), ("run_id", run.Id.Value), ("wait_seconds", 0.1))))).StartsWith("1\n", StringComparison.Ordinal));
        Assert.Equal($"1\n[still running; call read_run with sandbox_id {id}, run_id {run.Id} and after 1]", text);
        Assert.Equal(("running", false), (first.GetProperty("structuredContent").Text("state"), first.GetProperty("isError").GetBoolean()));
        Assert.Equal(0, run.Interrupts);
        _cluster.World.Gate(gate).SetResult();

        var rest = await _peer.CallAsync("read_run", Arguments(("sandbox_id", id.Value), ("run_id", run.Id.Value), ("after", 1)));
        Assert.Equal($"2\n[sandbox_id {id}]", Text(rest));
        var again = await _peer.CallAsync("read_run", Arguments(("sandbox_id", id.Value), ("run_id", run.Id.Value), ("after", 3)));
        Assert.Equal($"[no output]\n[sandbox_id {id}]", Text(again));
        Assert.StartsWith("run_not_found: ", Text(await _peer.CallAsync("read_run", Arguments(("sandbox_id", id.Value), ("run_id", "run_0123456789abcdef0123456789abcdef")))), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Long_output_is_shortened_and_what_did_not_fit_is_read_with_read_run()
    {
        var id = _cluster.World.Add();
        var line = new string('x', 999);

        var result = await _peer.CallAsync("run_python", Arguments(("code", string.Join('\n', Enumerable.Repeat($"out {line}", 250))), ("sandbox_id", id.Value)));

        var (text, data) = (Text(result), result.GetProperty("structuredContent"));
        Assert.InRange(text.Length, 17_000, 20_000);
        Assert.Contains("characters omitted …]", text, StringComparison.Ordinal);
        Assert.Equal((true, 200), (data.GetProperty("truncated").GetBoolean(), data.GetProperty("last_seq").GetInt32()));
        Assert.EndsWith("and after 200]", text, StringComparison.Ordinal);
        var rest = await _peer.CallAsync("read_run", Arguments(("sandbox_id", id.Value), ("run_id", data.Text("run_id")), ("after", 200)));
        Assert.Equal(251, rest.GetProperty("structuredContent").GetProperty("last_seq").GetInt32());
    }

    [Fact]
    public async Task A_sandbox_that_ends_while_a_run_is_read_is_an_answer()
    {
        var (id, gate) = (_cluster.World.Add(), Guid.NewGuid().ToString());
        await _peer.CallAsync("run_python", Arguments(("code", $"hold {gate}\nbreak"), ("sandbox_id", id.Value), ("wait_seconds", 0)));
        var reading = _peer.CallAsync("read_run", Arguments(("sandbox_id", id.Value), ("run_id", Runs(id).Single().Id.Value)));
        await Cluster.WaitAsync(() => _cluster.World.Sandboxes[id.Value].Readers > 0);

        _cluster.World.Sandboxes[id.Value].Failure = () => new SandboxEndedException(EndReason.Deleted);
        _cluster.World.Gate(gate).SetResult();

        var result = await reading;
        Assert.True(result.GetProperty("isError").GetBoolean());
        Assert.StartsWith("sandbox_ended: ", Text(await _peer.CallAsync("read_run", Arguments(("sandbox_id", id.Value), ("run_id", Runs(id).Single().Id.Value)))), StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_call_whose_connection_is_closed_interrupts_its_run()
    {
        var id = _cluster.World.Add();
        for (var i = 0; i < 20; i++)
        {
            using var leaving = CancellationTokenSource.CreateLinkedTokenSource(TestContext.Current.CancellationToken);
            var calling = _peer.SendAsync("tools/call", new JsonObject { ["name"] = "run_python", ["arguments"] = Arguments(("code", "hold never"), ("sandbox_id", id.Value)) }, cancellationToken: leaving.Token);
            await Cluster.WaitAsync(() => Runs(id).Count == i + 1);
            await leaving.CancelAsync();
            try
            {
                (await calling).Dispose();
            }
            catch (OperationCanceledException)
            {
                // The headers had not come yet.
            }

            await Cluster.WaitAsync(() => Runs(id)[i].Interrupts == 1);
        }
    }

    [Fact]
    public async Task A_sandbox_that_nobody_has_heard_of_is_deleted_when_its_call_is_cancelled()
    {
        var code = $"hold never-{Guid.NewGuid()}";
        using var leaving = CancellationTokenSource.CreateLinkedTokenSource(TestContext.Current.CancellationToken);
        var calling = _peer.SendAsync("tools/call", new JsonObject { ["name"] = "run_python", ["arguments"] = Arguments(("code", code)) }, cancellationToken: leaving.Token);
        var sandbox = default(Podflare.Scripted.ScriptedSandboxState);
        await Cluster.WaitAsync(() => (sandbox = _cluster.World.Sandboxes.Values.FirstOrDefault(one => one.Runs.Any(run => Encoding.UTF8.GetString(run.Request.Code) == code))) is not null);
        await leaving.CancelAsync();
        try
        {
            (await calling).Dispose();
        }
        catch (OperationCanceledException)
        {
            // The headers had not come yet.
        }

        await Cluster.WaitAsync(() => sandbox!.Info.State is not SandboxState.Ready);
    }

    [Fact]
    public async Task The_trace_of_the_call_wins_over_that_of_the_request()
    {
        var id = _cluster.World.Add();
        _peer.Meta["traceparent"] = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";

        await McpPeer.ReadAsync(await _peer.SendAsync(
            "tools/call", new JsonObject { ["name"] = "run_python", ["arguments"] = Arguments(("code", "out 1"), ("sandbox_id", id.Value)) },
            request => request.Headers.TryAddWithoutValidation("traceparent", "00-11111111111111111111111111111111-2222222222222222-01")));
        _peer.Meta["traceparent"] = "nonsense";
        await _peer.CallAsync("run_python", Arguments(("code", "out 1"), ("sandbox_id", id.Value)));

        Assert.Equal(["4bf92f3577b34da6a3ce929d0e0e4736", null], Runs(id).Select(run => run.Request.Trace?.GetTraceId().ToString()));
        Assert.All(Runs(id), run => Assert.False(run.Request.IsInToolSpan));
    }

    [Fact]
    public async Task Files_are_written_listed_and_read()
    {
        var id = _cluster.World.Add().Value;

        Assert.Equal("Wrote 6 bytes to /root/a.txt.", Text(await _peer.CallAsync("write_file", Arguments(("sandbox_id", id), ("path", "a.txt"), ("content", "aé𝄞"[..2] + "bcd")))));
        await _peer.CallAsync("write_file", Arguments(("sandbox_id", id), ("path", "/root/b.png"), ("content_base64", "iVBORw0KGgo=")));
        await _peer.CallAsync("write_file", Arguments(("sandbox_id", id), ("path", "/root/c.bin"), ("content_base64", "AAEC")));
        await _peer.CallAsync("write_file", Arguments(("sandbox_id", id), ("path", "/root/empty"), ("content", "")));

        Assert.Equal("aébcd", Text(await _peer.CallAsync("read_file", Arguments(("sandbox_id", id), ("path", "/root/a.txt")))));
        var part = await _peer.CallAsync("read_file", Arguments(("sandbox_id", id), ("path", "/root/a.txt"), ("max_bytes", 2)));
        Assert.Equal(("a", "[5 bytes remain of 6; call read_file with offset 1]"), (Text(part), part.GetProperty("content")[1].Text("text")));
        var image = (await _peer.CallAsync("read_file", Arguments(("sandbox_id", id), ("path", "b.png")))).GetProperty("content")[0];
        Assert.Equal(("image", "image/png"), (image.Text("type"), image.Text("mimeType")));
        var binary = (await _peer.CallAsync("read_file", Arguments(("sandbox_id", id), ("path", "c.bin")))).GetProperty("content")[0];
        Assert.Equal(("resource", "AAEC"), (binary.Text("type"), binary.GetProperty("resource").Text("blob")));
        Assert.Equal("", Text(await _peer.CallAsync("read_file", Arguments(("sandbox_id", id), ("path", "empty")))));
        Assert.Equal("file_not_found: file not found: /root/none", Text(await _peer.CallAsync("read_file", Arguments(("sandbox_id", id), ("path", "none")))));
        Assert.Contains("/root/a.txt (6 bytes)", Text(await _peer.CallAsync("list_files", Arguments(("sandbox_id", id)))), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Progress_is_told_to_those_who_ask_and_silence_is_filled()
    {
        await using var cluster = await Cluster.StartAsync([], ("Podflare:Mcp:KeepAliveSeconds", "1"), ("Podflare:Mcp:ProgressMilliseconds", "50"));
        var (id, gate) = (cluster.World.Add(), "g");
        var peer = new McpPeer(cluster.Client);
        var parameters = new JsonObject { ["name"] = "run_python", ["arguments"] = Arguments(("code", $"out first\nhold {gate}\nout second"), ("sandbox_id", id.Value)) };
        using var response = await peer.SendAsync("tools/call", parameters, request =>
        {
            parameters["_meta"]!["progressToken"] = "p1";
            request.Content = Replies.Json(new JsonObject { ["jsonrpc"] = "2.0", ["id"] = 9, ["method"] = "tools/call", ["params"] = parameters.DeepClone() }.ToJsonString());
        });
        using var lines = new StreamReader(await response.Content.ReadAsStreamAsync(TestContext.Current.CancellationToken));
        var (progress, comments) = (0, 0);
        while (await lines.ReadLineAsync(TestContext.Current.CancellationToken) is { } line)
        {
            if (line.Contains("notifications/progress", StringComparison.Ordinal) && line.Contains("\"message\":\"first\"", StringComparison.Ordinal)) progress++;
            if (line == ":" && ++comments == 2) cluster.World.Gate(gate).SetResult();
        }

        Assert.Equal(("no", 1, true), (response.Header("X-Accel-Buffering"), progress, comments >= 2));
    }

    private IReadOnlyList<Podflare.Scripted.ScriptedRun> Runs(SandboxId id) => _cluster.World.Sandboxes[id.Value].Runs;

    private static string Text(JsonElement result) => result.GetProperty("content")[0].Text("text")!;
}
