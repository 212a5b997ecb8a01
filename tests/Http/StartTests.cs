using System.Text.Json;
using Podflare.Files;
using Podflare.Runs;
using Podflare.Sandboxes;
using Podflare.Scripted;

namespace Podflare;

/// <summary>What a request to start a run means, and which ones are refused.</summary>
public sealed class StartTests(SharedCluster shared)
{
    private readonly Cluster _cluster = shared.Cluster;

    [Theory]
    [InlineData("{}", "code")]
    [InlineData("{\"code\":\"1\",\"argv\":[\"ls\"]}", "argv")]
    [InlineData("{\"code\":\"1\",\"command\":\"ls\"}", "command")]
    [InlineData("{\"command\":\"ls\",\"watch\":{\"path\":\"/root\"}}", "watch")]
    [InlineData("{\"argv\":[]}", "argv")]
    [InlineData("{\"argv\":\"ls\"}", "argv")]
    [InlineData("{\"argv\":[\"ls\",1]}", "argv[1]")]
    [InlineData("{\"argv\":[\"ls\",[\"x\"],\"\\u0000\"]}", "argv[1]")]
    [InlineData("{\"argv\":[\"a\\u0000b\"]}", "argv[0]")]
    [InlineData("{\"argv\":[\"\\ud800\"]}", "argv[0]")]
    [InlineData("{\"command\":\"\"}", "command")]
    [InlineData("{\"command\":\"a\\u0000b\"}", "command")]
    [InlineData("{\"watch\":{}}", "watch.path")]
    [InlineData("{\"watch\":\"/root\"}", "watch")]
    [InlineData("{\"watch\":{\"path\":\"root\"}}", "watch.path")]
    [InlineData("{\"watch\":{\"path_b64\":\"!\"}}", "watch.path_b64")]
    [InlineData("{\"watch\":{\"path\":\"/root\",\"recursive\":1}}", "watch.recursive")]
    [InlineData("{\"command\":\"ls\",\"cwd\":\"root\"}", "cwd")]
    [InlineData("{\"command\":\"ls\",\"cwd\":\"/a\\u0000\"}", "cwd")]
    [InlineData("{\"command\":\"ls\",\"pty\":true}", "pty")]
    [InlineData("{\"command\":\"ls\",\"pty\":{\"cols\":0}}", "pty.cols")]
    [InlineData("{\"command\":\"ls\",\"pty\":{\"rows\":1001}}", "pty.rows")]
    [InlineData("{\"command\":\"ls\",\"pty\":{\"rows\":1.5}}", "pty.rows")]
    [InlineData("{\"command\":\"ls\",\"pty\":{},\"stderr\":\"stdout\"}", "stderr")]
    [InlineData("{\"command\":\"ls\",\"pty\":{},\"order\":\"exact\"}", "order")]
    [InlineData("{\"command\":\"ls\",\"pty\":{},\"encoding\":\"base64\"}", "encoding")]
    [InlineData("{\"command\":\"ls\",\"pty\":{},\"stdin\":false}", "stdin")]
    [InlineData("{\"command\":\"ls\",\"stderr\":\"both\"}", "stderr")]
    [InlineData("{\"command\":\"ls\",\"order\":\"any\"}", "order")]
    [InlineData("{\"command\":\"ls\",\"encoding\":\"latin-1\"}", "encoding")]
    [InlineData("{\"command\":\"ls\",\"language\":\"bash\"}", "language")]
    [InlineData("{\"command\":\"ls\",\"context\":\"c\"}", "context")]
    [InlineData("{\"command\":\"ls\",\"fresh\":true}", "fresh")]
    [InlineData("{\"command\":\"ls\",\"display\":\"all\"}", "display")]
    [InlineData("{\"command\":\"ls\",\"columns\":true}", "columns")]
    [InlineData("{\"code\":\"1\",\"cwd\":\"/root\"}", "cwd")]
    [InlineData("{\"code\":\"1\",\"pty\":{}}", "pty")]
    [InlineData("{\"code\":\"1\",\"stderr\":\"stdout\"}", "stderr")]
    [InlineData("{\"code\":\"1\",\"order\":\"exact\"}", "order")]
    [InlineData("{\"code\":\"1\",\"encoding\":\"base64\"}", "encoding")]
    [InlineData("{\"code\":\"1\",\"display\":\"first\"}", "display")]
    [InlineData("{\"code\":\"1\",\"language\":\"bash\",\"display\":\"last\"}", "display")]
    [InlineData("{\"code\":\"1\",\"columns\":\"yes\"}", "columns")]
    [InlineData("{\"code\":\"1\",\"fresh\":\"together\"}", "fresh")]
    [InlineData("{\"code\":\"1\",\"fresh\":true,\"context\":\"c\"}", "fresh")]
    [InlineData("{\"code\":\"1\",\"fresh\":\"alone\",\"context\":\"c\"}", "fresh")]
    [InlineData("{\"code\":\"1\",\"context\":\"C\"}", "context")]
    [InlineData("{\"code\":\"1\",\"context\":\"-c\"}", "context")]
    [InlineData("{\"code\":\"1\",\"stdin\":1}", "stdin")]
    [InlineData("{\"code\":\"1\",\"grace_seconds\":301}", "grace_seconds")]
    [InlineData("{\"code\":\"1\",\"grace_seconds\":-1}", "grace_seconds")]
    [InlineData("{\"code\":\"1\",\"on_disconnect\":\"stop\"}", "on_disconnect")]
    [InlineData("{\"code\":\"1\",\"disconnect_seconds\":1}", "disconnect_seconds")]
    [InlineData("{\"code\":\"1\",\"on_disconnect\":\"interrupt\",\"disconnect_seconds\":0.01}", "disconnect_seconds")]
    [InlineData("{\"code\":\"1\",\"on_disconnect\":\"interrupt\",\"disconnect_seconds\":3601}", "disconnect_seconds")]
    [InlineData("{\"code\":\"1\",\"keep_alive\":0}", "keep_alive")]
    [InlineData("{\"code\":\"1\",\"tag\":\"\"}", "tag")]
    [InlineData("{\"watch\":{\"path\":\"/root\"},\"stdin\":true}", "stdin")]
    [InlineData("{\"watch\":{\"path\":\"/root\"},\"grace_seconds\":1}", "grace_seconds")]
    [InlineData("{\"watch\":{\"path\":\"/root\"},\"timeout_seconds\":0}", "timeout_seconds")]
    public async Task A_request_that_is_wrong_names_the_field_on_both_routes(string body, string field)
    {
        var id = _cluster.World.Add();
        foreach (var route in new[] { "exec", "runs" })
        {
            var problem = await (await _cluster.Client.SendAsync("POST", $"/v1/sandboxes/{id}/{route}", body)).AssertProblemAsync(400, "invalid_request");

            Assert.True(problem.GetProperty("errors").TryGetProperty(field, out _), problem.ToString());
        }

        Assert.Empty(_cluster.World.Sandboxes[id.Value].Runs);
    }

    [Theory]
    [InlineData("tag", 65)]
    [InlineData("command", 128 * 1024)]
    [InlineData("argv[0]", 128 * 1024)]
    [InlineData("argv", 1_025)]
    [InlineData("argv[8]", 9 * 128 * 1023)]
    public async Task A_value_over_its_limit_is_refused(string field, int size)
    {
        object body = field switch
        {
            "tag" => new { code = "1", tag = new string('x', size) },
            "command" => new { command = new string('x', size) },
            "argv[0]" => new { argv = new[] { new string('x', size) } },
            "argv" => new { argv = Enumerable.Repeat("x", size) },
            _ => new { argv = Enumerable.Repeat(new string('x', size / 9), 9) },
        };

        var problem = await (await StartAsync(_cluster.World.Add(), body)).AssertProblemAsync(400, "invalid_request");

        Assert.True(problem.GetProperty("errors").TryGetProperty(field, out _), problem.ToString());
    }

    [Fact]
    public async Task Every_field_of_code_arrives()
    {
        var request = await AcceptedAsync("{\"code\":\"out 1\",\"context\":\"c1\",\"display\":\"all\",\"columns\":true,\"stdin\":true,\"grace_seconds\":0.5,\"timeout_seconds\":7,"
            + "\"on_disconnect\":\"interrupt\",\"disconnect_seconds\":3,\"keep_alive\":false,\"tag\":\"t\",\"env\":{\"A\":\"1\"}}");

        Assert.Equal(
            (RunKind.Code, "c1", FreshMode.None, DisplayPolicy.All, true, true, TimeSpan.FromSeconds(0.5), TimeSpan.FromSeconds(7), OnDisconnect.Interrupt, TimeSpan.FromSeconds(3), false, "t", "1"),
            (request.Kind, request.Context, request.Fresh, request.Display, request.Columns, request.Stdin, request.Grace, request.Timeout, request.OnDisconnect, request.DisconnectAfter, request.KeepAlive,
                request.Tag, request.Env["A"]));
    }

    [Theory]
    [InlineData("{\"code\":\"out 1\"}", DisplayPolicy.Last, FreshMode.None)]
    [InlineData("{\"code\":\"out 1\",\"display\":\"none\",\"fresh\":true}", DisplayPolicy.None, FreshMode.Fresh)]
    [InlineData("{\"code\":\"out 1\",\"fresh\":\"alone\"}", DisplayPolicy.Last, FreshMode.Alone)]
    [InlineData("{\"code\":\"out 1\",\"fresh\":false}", DisplayPolicy.Last, FreshMode.None)]
    [InlineData("{\"code\":\"out 1\",\"language\":\"bash\"}", DisplayPolicy.None, FreshMode.None)]
    public async Task Code_shows_its_last_value_unless_it_says_otherwise(string body, DisplayPolicy display, FreshMode fresh)
    {
        var request = await AcceptedAsync(body);

        Assert.Equal((display, fresh, false, null, null, null, null), (request.Display, request.Fresh, request.Stdin, request.Process, request.Watch, request.Output, request.KeepAlive));
    }

    [Fact]
    public async Task Every_field_of_a_process_arrives()
    {
        var request = await AcceptedAsync("{\"argv\":[\"script\",\"out 1\",\"exit 3\"],\"cwd\":\"/tmp\",\"stderr\":\"stdout\",\"order\":\"exact\",\"encoding\":\"base64\",\"stdin\":true}");

        Assert.Equal((RunKind.Process, "/tmp", null, true, RunRequest.NoTimeout, 0), (request.Kind, request.Process!.Cwd, request.Process.Terminal, request.Stdin, request.Timeout, request.Code.Length));
        Assert.Equal(["script", "out 1", "exit 3"], request.Process.Argv);
        Assert.Equal(new OutputFormat(true, true, true), request.Output);
    }

    [Fact]
    public async Task A_command_may_have_a_terminal_of_the_default_size()
    {
        var request = await AcceptedAsync("{\"command\":\"out 1\",\"pty\":{\"rows\":50},\"timeout_seconds\":9}");

        Assert.Equal(("out 1", 0, new TerminalSize(80, 50), true, TimeSpan.FromSeconds(9)), (
            System.Text.Encoding.UTF8.GetString(request.Code), request.Process!.Argv.Length, request.Process.Terminal, request.Stdin, request.Timeout));
    }

    [Theory]
    [InlineData("{\"watch\":{\"path\":\"/root/\",\"recursive\":true}}", "/root", true)]
    [InlineData("{\"watch\":{\"path_b64\":\"L3L/\",\"other\":{\"path\":\"/x\"}}}", "/r\ufffd", false)]
    public async Task A_watch_names_a_path_of_any_bytes(string body, string path, bool recursive)
    {
        var request = await AcceptedAsync(body);

        Assert.Equal((RunKind.Watch, path, recursive, RunRequest.NoTimeout), (request.Kind, request.Watch!.Path.ToString(), request.Watch.Recursive, request.Timeout));
    }

    [Fact]
    public async Task A_run_can_be_started_without_reading_it()
    {
        var (id, gate) = (_cluster.World.Add(), Guid.NewGuid().ToString("N"));
        var body = JsonSerializer.Serialize(new { command = $"hold {gate}\nout 1", tag = "server" });

        var first = await _cluster.Client.SendAsync("POST", $"/v1/sandboxes/{id}/runs", body, true, ("Idempotency-Key", "k"));
        var second = await _cluster.Client.SendAsync("POST", $"/v1/sandboxes/{id}/runs", body, true, ("Idempotency-Key", "k"));

        var run = _cluster.World.Sandboxes[id.Value].Runs.Single();
        Assert.Equal((201, 201, null, "true"), ((int)first.StatusCode, (int)second.StatusCode, first.Header("Idempotent-Replayed"), second.Header("Idempotent-Replayed")));
        Assert.Equal(($"/v1/sandboxes/{id}/runs/{run.Id}", run.Id.Value), (first.Headers.Location?.ToString(), first.Header("Podflare-Run-Id")));
        var json = await first.ReadJsonAsync();
        Assert.Equal((run.Id.Value, "process", "running", "server", 7), (
            json.GetProperty("id").GetString(), json.GetProperty("kind").GetString(), json.GetProperty("state").GetString(), json.GetProperty("tag").GetString(), json.GetProperty("pid").GetInt32()));
        Assert.Equal((JsonValueKind.Null, JsonValueKind.Null, JsonValueKind.Null), (
            json.GetProperty("timeout_seconds").ValueKind, json.GetProperty("language").ValueKind, json.GetProperty("context").ValueKind));
        Assert.Equal(0, _cluster.World.Sandboxes[id.Value].Readers);
        _cluster.World.Gate(gate).SetResult();
        var followed = await (await _cluster.Client.SendAsync("GET", $"{first.Headers.Location}/events?follow=true")).ReadTextAsync();
        Assert.Equal(run.Output, followed);
        Assert.False((await (await _cluster.Client.SendAsync("GET", first.Headers.Location!.ToString())).ReadJsonAsync()).TryGetProperty("pid", out _));
    }

    [Theory]
    [InlineData("old", 501, "not_offered")]
    [InlineData("context", 404, "context_not_found")]
    [InlineData("contexts", 429, "context_quota_exceeded")]
    [InlineData("watch", 404, "file_not_found")]
    [InlineData("folders", 429, "run_queue_full")]
    public async Task A_start_that_the_sandbox_refuses_has_its_code(string failure, int status, string code)
    {
        var id = _cluster.World.Add();
        foreach (var route in new[] { "exec", "runs" })
            await (await _cluster.Client.SendAsync("POST", $"/v1/sandboxes/{id}/{route}", Replies.Script($"fail 999 {failure}"))).AssertProblemAsync(status, code);
    }

    [Theory]
    [InlineData("exec")]
    [InlineData("runs")]
    public async Task A_path_that_cannot_be_watched_is_named(string route)
    {
        var id = _cluster.World.Add();
        var state = _cluster.World.Sandboxes[id.Value];

        state.Failure = () => new WatchPathNotFoundException();
        var missing = await WatchAsync("""{"path":"/root/missing"}""", 404, "file_not_found");
        state.Failure = () => new FileRefusedException(FileRefusal.AccessDenied, "Permission denied");
        var denied = await WatchAsync("""{"path_b64":"L3Jvb3Qv/w==","recursive":true}""", 403, "file_access_denied");

        Assert.Equal("the path to watch does not exist: /root/missing", missing);
        Assert.Equal("the sandbox's user does not have permission to access /root/\uFFFD", denied);

        async Task<string?> WatchAsync(string watch, int status, string code) =>
            (await (await _cluster.Client.SendAsync("POST", $"/v1/sandboxes/{id}/{route}", $$"""{"watch":{{watch}}}""")).AssertProblemAsync(status, code)).Text("error");
    }

    [Fact]
    public async Task Every_type_of_event_passes_as_it_is_stored_and_the_published_client_sees_only_its_own()
    {
        string[] script =
        [
            "event {\"type\":\"start\",\"data\":7,@}", "out a", "event {\"type\":\"result\",\"data\":{\"text/plain\":\"42\"},@,\"main\":true}",
            "event {\"type\":\"input_request\",\"data\":\"name? \",@,\"password\":false}", "pty x", "event {\"type\":\"file\",\"data\":{\"path\":\"/a\"},@}", "raw b", "exit 0",
        ];
        var id = _cluster.World.Add();

        var plain = await (await _cluster.Client.SendAsync("POST", $"/v1/sandboxes/{id}/exec", Replies.Script(script))).ReadTextAsync();
        var compat = await (await _cluster.Client.SendAsync("POST", $"/compat/podflare/v1/sandboxes/{id}/exec", Replies.Script(script))).ReadTextAsync();
        var replay = await (await _cluster.Client.SendAsync("GET", $"/compat/podflare/v1/sandboxes/{id}/replay")).ReadTextAsync();

        var runs = _cluster.World.Sandboxes[id.Value].Runs;
        Assert.Equal(runs[0].Output, plain);
        Assert.Contains("\"result\"", plain, StringComparison.Ordinal);
        Assert.Equal(["stdout", "stdout", "exit"], Types(compat));
        Assert.Equal(["stdout", "stdout", "exit", "stdout", "stdout", "exit"], Types(replay));
        Assert.Equal((DisplayPolicy.Last, DisplayPolicy.None), (runs[0].Request.Display, runs[1].Request.Display));
    }

    private async Task<RunRequest> AcceptedAsync(string body)
    {
        var id = _cluster.World.Add();
        var response = await _cluster.Client.SendAsync("POST", $"/v1/sandboxes/{id}/exec", body, wait: false);
        Assert.True((int)response.StatusCode == 200, await response.ReadTextAsync());
        return _cluster.World.Sandboxes[id.Value].Runs.Single().Request;
    }

    private Task<HttpResponseMessage> StartAsync(SandboxId id, object body) => _cluster.Client.SendAsync("POST", $"/v1/sandboxes/{id}/exec", JsonSerializer.Serialize(body));

    private static IEnumerable<string?> Types(string lines) =>
        lines.Split('\n', StringSplitOptions.RemoveEmptyEntries).Select(line => JsonDocument.Parse(line).RootElement.GetProperty("type").GetString());
}
