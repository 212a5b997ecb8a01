using System.Text;
using System.Text.Json;
using Podflare.Runs;
using Podflare.Sandboxes;
using Podflare.Scripted;

namespace Podflare;

/// <summary>The published terminal routes, on both mounts.</summary>
public sealed class TerminalTests(SharedCluster shared)
{
    private readonly Cluster _cluster = shared.Cluster;

    [Theory]
    [InlineData("")]
    [InlineData("/compat/podflare")]
    public async Task A_terminal_is_opened_written_to_resized_and_killed(string mount)
    {
        var id = _cluster.World.Add();
        var path = $"{mount}/v1/sandboxes/{id}/pty";
        using var response = await _cluster.Client.SendAsync("POST", path, "{\"shellCmd\":\"echo\",\"cols\":100,\"rows\":40,\"env\":[[\"A\",\"1\"]],\"cwd\":\"/tmp\"}", wait: false);
        using var reader = new StreamReader(await response.Content.ReadAsStreamAsync(TestContext.Current.CancellationToken));

        var ready = await ReadAsync(reader);
        var pty = ready.GetProperty("session_id").GetString()!;
        Assert.Equal(204, (int)(await _cluster.Client.SendAsync("POST", $"{path}/{pty}/input", Input("ls\r"))).StatusCode);
        var data = await ReadAsync(reader);
        Assert.Equal(204, (int)(await _cluster.Client.SendAsync("POST", $"{path}/{pty}/resize", "{\"cols\":120,\"rows\":50}")).StatusCode);
        var listed = (await (await _cluster.Client.SendAsync("GET", path)).ReadJsonAsync()).EnumerateArray().Single();
        Assert.Equal(204, (int)(await _cluster.Client.SendAsync("POST", $"{path}/{pty}/kill")).StatusCode);
        var exit = await ReadAsync(reader);

        var run = _cluster.World.Sandboxes[id.Value].Runs.Single();
        Assert.Equal(("application/x-ndjson", run.Id.Value), (response.Content.Headers.ContentType?.ToString(), pty));
        Assert.Equal($"{{\"type\":\"pty_ready\",\"session_id\":\"{pty}\"}}", ready.GetRawText());
        Assert.Equal("{\"type\":\"pty_data\",\"data_b64\":\"bHMN\"}", data.GetRawText());
        Assert.Equal("{\"type\":\"pty_exit\",\"data\":137}", exit.GetRawText());
        Assert.Null(await reader.ReadLineAsync(TestContext.Current.CancellationToken));
        Assert.Equal(["120x50", "SIGKILL All"], run.Controls);
        var request = run.Request;
        Assert.Equal((RunKind.Process, "echo", "/tmp", new TerminalSize(100, 40), "1", true, RunRequest.NoTimeout), (
            request.Kind, Encoding.UTF8.GetString(request.Code), request.Process!.Cwd, request.Process.Terminal, request.Env["A"], request.Stdin, request.Timeout));
        Assert.Equal((pty, JsonValueKind.Null), (listed.GetProperty("pty_id").GetString(), listed.GetProperty("exit_code").ValueKind));
        Assert.Equal(137, (await (await _cluster.Client.SendAsync("GET", path)).ReadJsonAsync())[0].GetProperty("exit_code").GetInt32());
        await (await _cluster.Client.SendAsync("POST", $"{path}/{pty}/input", Input("x"))).AssertProblemAsync(409, "run_ended");
        Assert.Equal(204, (int)(await _cluster.Client.SendAsync("POST", $"{path}/{pty}/kill")).StatusCode);
    }

    [Fact]
    public async Task A_terminal_without_a_command_is_a_shell_of_the_default_size()
    {
        var id = _cluster.World.Add();

        using var response = await _cluster.Client.SendAsync("POST", $"/v1/sandboxes/{id}/pty", wait: false);

        var process = _cluster.World.Sandboxes[id.Value].Runs.Single().Request.Process!;
        Assert.Equal(("bash", new TerminalSize(80, 24)), (process.Argv.Single(), process.Terminal));
    }

    [Fact]
    public async Task A_program_that_cannot_be_executed_is_an_error_in_the_stream()
    {
        const string script = "{\"argv\":[\"none\",\"err none: \\\"not\\\" found\",\"exit 127\"]}";

        var lines = (await (await _cluster.Client.SendAsync("POST", $"/v1/sandboxes/{_cluster.World.Add()}/pty", script)).ReadTextAsync()).Split('\n');

        Assert.Equal("none: \"not\" found", JsonDocument.Parse(lines[1]).RootElement.GetProperty("message").GetString());
        Assert.Equal("{\"type\":\"pty_exit\",\"data\":127}", lines[2]);
    }

    [Fact]
    public async Task A_silent_terminal_gets_empty_lines_and_loses_no_reader()
    {
        var (id, gate) = (_cluster.World.Add(), Guid.NewGuid().ToString("N"));

        using var response = await _cluster.Client.SendAsync("POST", $"/v1/sandboxes/{id}/pty", Script($"hold {gate}", "pty awake"), wait: false);
        using var reader = new StreamReader(await response.Content.ReadAsStreamAsync(TestContext.Current.CancellationToken));
        await ReadAsync(reader);
        // The cluster of these tests has a second of silence instead of ten, so four of them stand for forty seconds.
        for (var i = 0; i < 4; i++) Assert.Equal("", await reader.ReadLineAsync(TestContext.Current.CancellationToken));
        _cluster.World.Gate(gate).SetResult();

        Assert.Equal(["pty_data", "pty_exit"], (await reader.ReadToEndAsync(TestContext.Current.CancellationToken)).Split('\n', StringSplitOptions.RemoveEmptyEntries)
            .Select(line => JsonDocument.Parse(line).RootElement.GetProperty("type").GetString()));
    }

    [Theory]
    [InlineData("")]
    [InlineData("/compat/podflare")]
    public async Task Attach_shows_what_was_written_and_follows(string mount)
    {
        var (id, gate) = (_cluster.World.Add(), Guid.NewGuid().ToString("N"));
        var path = $"{mount}/v1/sandboxes/{id}/pty";
        var opened = await _cluster.Client.SendAsync("POST", path, Script("pty one", "pty two", $"hold {gate}", "pty three", "exit 4"), wait: false);
        var run = _cluster.World.Sandboxes[id.Value].Runs.Single();
        await Cluster.WaitAsync(() => run.Info.LastSeq == 2);
        opened.Dispose();

        using var attached = await _cluster.Client.SendAsync("GET", $"{path}/{run.Id}/attach", wait: false);
        using var reader = new StreamReader(await attached.Content.ReadAsStreamAsync(TestContext.Current.CancellationToken));
        var seen = (await ReadAsync(reader)).GetProperty("data_b64").GetBytesFromBase64().Concat((await ReadAsync(reader)).GetProperty("data_b64").GetBytesFromBase64());
        _cluster.World.Gate(gate).SetResult();

        Assert.Equal("onetwo", Encoding.ASCII.GetString([.. seen]));
        Assert.Equal("dGhyZWU=", (await ReadAsync(reader)).GetProperty("data_b64").GetString());
        Assert.Equal("{\"type\":\"pty_exit\",\"data\":4}", (await ReadAsync(reader)).GetRawText());
    }

    [Theory]
    [InlineData(700, 4_096)]
    [InlineData(20, 65_536)]
    [InlineData(5, 65_536)]
    [InlineData(3, 3_000_000)]
    public async Task Attach_begins_at_the_event_that_covers_the_last_mebibyte(int events, int size)
    {
        var id = _cluster.World.Add();
        await _cluster.World.Sandboxes[id.Value].StartAsync(RunId.New(), Request([.. Enumerable.Range(0, events).Select(i => $"pty {new string((char)('a' + i % 26), size)}")]));
        var run = _cluster.World.Sandboxes[id.Value].Runs.Single();
        await Cluster.WaitAsync(() => run.Ended);

        var lines = (await (await _cluster.Client.SendAsync("GET", $"/v1/sandboxes/{id}/pty/{run.Id}/attach")).ReadTextAsync()).Split('\n', StringSplitOptions.RemoveEmptyEntries);

        var expected = Math.Min(events, (int)Math.Ceiling(1024 * 1024 / (double)size));
        // The estimate of an event's size may be two bytes too high.
        Assert.InRange(lines.Length - 1, expected - 1, expected);
        Assert.True((lines.Length - 1) * (long)size >= Math.Min((long)events * size, 1024 * 1024 - 4_096));
    }

    [Fact]
    public async Task Read_waits_for_output_and_says_where_it_stopped()
    {
        var (id, gate) = (_cluster.World.Add(), Guid.NewGuid().ToString("N"));
        var path = $"/v1/sandboxes/{id}/pty";
        using var opened = await _cluster.Client.SendAsync("POST", path, Script("pty one", "pty two", $"hold {gate}", "pty three", "exit 4"), wait: false);
        var run = _cluster.World.Sandboxes[id.Value].Runs.Single();
        await Cluster.WaitAsync(() => run.Info.LastSeq == 2);

        Assert.Equal(("one", 1L, null), await PollAsync(path, run, "{\"max_bytes\":4}"));
        Assert.Equal(("two", 2L, null), await PollAsync(path, run, "{\"since_seq\":1}"));
        Assert.Equal(("", 2L, null), await PollAsync(path, run, "{\"since_seq\":2}"));
        var waiting = PollAsync(path, run, "{\"since_seq\":2,\"timeout_ms\":30000}");
        _cluster.World.Gate(gate).SetResult();
        var woken = await waiting;
        Assert.Equal("three", woken.Text);
        Assert.Equal(("", 4L, 4), await PollAsync(path, run, "{\"since_seq\":3}"));
        Assert.Equal(("", 4L, 4), await PollAsync(path, run, "{\"since_seq\":99}"));
    }

    [Theory]
    [InlineData("", "{\"argv\":[\"a\"],\"shellCmd\":\"b\"}", "argv")]
    [InlineData("", "{\"cols\":0}", "cols")]
    [InlineData("", "{\"rows\":\"24\"}", "rows")]
    [InlineData("", "{\"env\":{\"A\":\"1\"}}", "env")]
    [InlineData("", "{\"env\":[[\"A\"]]}", "env")]
    [InlineData("", "{\"env\":[[\"A\",1]]}", "env")]
    [InlineData("", "{\"env\":[\"A\"]}", "env")]
    [InlineData("", "{\"env\":[[\"A=\",\"1\"]]}", "env.A=")]
    [InlineData("", "{\"cwd\":\"tmp\"}", "cwd")]
    [InlineData("/input", "{}", "data_b64")]
    [InlineData("/input", "{\"data_b64\":\"?\"}", "data_b64")]
    [InlineData("/resize", "{\"cols\":1}", "rows")]
    [InlineData("/read", "{\"timeout_ms\":30001}", "timeout_ms")]
    [InlineData("/read", "{\"max_bytes\":0}", "max_bytes")]
    [InlineData("/read", "{\"since_seq\":-1}", "since_seq")]
    public async Task A_request_that_is_wrong_names_the_field(string action, string body, string field)
    {
        var path = $"/v1/sandboxes/{_cluster.World.Add()}/pty" + (action.Length > 0 ? $"/{RunId.New()}{action}" : "");

        var problem = await (await _cluster.Client.SendAsync("POST", path, body)).AssertProblemAsync(400, "invalid_request");

        Assert.True(problem.GetProperty("errors").TryGetProperty(field, out _), problem.ToString());
    }

    [Theory]
    [InlineData("GET", "attach", "")]
    [InlineData("POST", "read", "{}")]
    [InlineData("POST", "input", "{\"data_b64\":\"YQ==\"}")]
    [InlineData("POST", "resize", "{\"cols\":1,\"rows\":1}")]
    [InlineData("POST", "kill", "")]
    public async Task An_unknown_terminal_is_not_found(string method, string action, string body)
    {
        foreach (var pty in new[] { "p1", "run_00000000000000000000000000000000" })
            await (await _cluster.Client.SendAsync(method, $"/v1/sandboxes/{_cluster.World.Add()}/pty/{pty}/{action}", method == "GET" ? null : body)).AssertProblemAsync(404, "run_not_found");
    }

    [Fact]
    public async Task Code_is_not_a_terminal()
    {
        var id = _cluster.World.Add();
        var run = (await _cluster.Client.SendAsync("POST", $"/v1/sandboxes/{id}/exec", Replies.Script("out 1"))).Header("Podflare-Run-Id");

        await (await _cluster.Client.SendAsync("GET", $"/v1/sandboxes/{id}/pty/{run}/attach")).AssertProblemAsync(409, "not_a_terminal");
        await (await _cluster.Client.SendAsync("POST", $"/v1/sandboxes/{id}/pty/{run}/read", "{}")).AssertProblemAsync(409, "not_a_terminal");
        Assert.Empty((await (await _cluster.Client.SendAsync("GET", $"/v1/sandboxes/{id}/pty")).ReadJsonAsync()).EnumerateArray());
    }

    private async Task<(string Text, long Next, int? Exit)> PollAsync(string path, ScriptedRun run, string body)
    {
        var json = await (await _cluster.Client.SendAsync("POST", $"{path}/{run.Id}/read", body)).ReadJsonAsync();
        var exit = json.GetProperty("exit_code");
        return (Encoding.UTF8.GetString(json.GetProperty("data_b64").GetBytesFromBase64()), json.GetProperty("next_seq").GetInt64(), exit.ValueKind == JsonValueKind.Null ? null : exit.GetInt32());
    }

    private static RunRequest Request(string[] lines) =>
        new(Encoding.UTF8.GetBytes(string.Join('\n', lines)), RunLanguage.Bash, RunRequest.NoTimeout, OnDisconnect.Continue, System.Collections.Immutable.ImmutableSortedDictionary<string, string>.Empty)
        {
            Kind = RunKind.Process,
            Process = new ProcessSpec([], null, new TerminalSize(80, 24)),
        };

    private static string Script(params string[] lines) => JsonSerializer.Serialize(new { shellCmd = string.Join('\n', lines) });

    private static string Input(string text) => JsonSerializer.Serialize(new { data_b64 = Convert.ToBase64String(Encoding.UTF8.GetBytes(text)) });

    private static async Task<JsonElement> ReadAsync(StreamReader reader)
    {
        string? line;
        do line = await reader.ReadLineAsync(TestContext.Current.CancellationToken);
        while (line is "");
        return JsonDocument.Parse(line!).RootElement;
    }
}
