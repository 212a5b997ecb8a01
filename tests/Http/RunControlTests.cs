using System.Text;
using System.Text.Json;
using Podflare.Runs;
using Podflare.Sandboxes;
using Podflare.Scripted;

namespace Podflare;

/// <summary>Lists of runs, and what can be done to one.</summary>
public sealed class RunControlTests(SharedCluster shared)
{
    private const string NoRun = "run_00000000000000000000000000000000";
    private readonly Cluster _cluster = shared.Cluster;

    [Fact]
    public async Task Runs_are_listed_newest_first_filtered_and_in_pages()
    {
        var id = _cluster.World.Add();
        foreach (var body in new[] { "{\"code\":\"out 1\"}", "{\"code\":\"out 2\",\"context\":\"c1\",\"tag\":\"a\"}", "{\"command\":\"hold never\",\"tag\":\"a\"}", "{\"watch\":{\"path\":\"/root\"}}" })
            await _cluster.Client.SendAsync("POST", $"/v1/sandboxes/{id}/runs", body);
        await Cluster.WaitAsync(() => _cluster.World.Sandboxes[id.Value].Runs.Count(run => run.Ended) == 3);

        Assert.Equal(["watch", "process", "code", "code"], await KindsAsync(id, ""));
        Assert.Equal(["code", "code"], await KindsAsync(id, "?kind=code"));
        Assert.Equal(["process"], await KindsAsync(id, "?state=running"));
        Assert.Equal(["watch", "code", "code"], await KindsAsync(id, "?state=ended"));
        Assert.Equal(["code"], await KindsAsync(id, "?context=c1"));
        Assert.Equal(["process", "code"], await KindsAsync(id, "?tag=a"));
        Assert.Equal(["process"], await KindsAsync(id, "?tag=a&kind=process&state="));
        var first = await PageAsync(id, "?limit=3");
        var second = await PageAsync(id, $"?limit=3&cursor={first.GetProperty("next_cursor").GetString()}");
        Assert.Equal((3, 1, JsonValueKind.Null), (first.GetProperty("runs").GetArrayLength(), second.GetProperty("runs").GetArrayLength(), second.GetProperty("next_cursor").ValueKind));
    }

    [Theory]
    [InlineData("kind=file", "kind")]
    [InlineData("state=over", "state")]
    [InlineData("context=C", "context")]
    [InlineData("limit=0", "limit")]
    [InlineData("limit=257", "limit")]
    [InlineData("cursor=x", "cursor")]
    [InlineData("tag=a&tag=b", "tag")]
    public async Task A_filter_that_is_wrong_is_named(string query, string field)
    {
        var problem = await (await _cluster.Client.SendAsync("GET", $"/v1/sandboxes/{_cluster.World.Add()}/runs?{query}")).AssertProblemAsync(400, "invalid_request");

        Assert.True(problem.GetProperty("errors").TryGetProperty(field, out _));
    }

    [Theory]
    [InlineData("interrupt", "")]
    [InlineData("signal", "{\"signal\":\"SIGTERM\"}")]
    [InlineData("stdin", "{\"data\":\"x\"}")]
    [InlineData("resize", "{\"cols\":1,\"rows\":1}")]
    public async Task An_unknown_run_is_not_found_by_any_action(string action, string body)
    {
        var id = _cluster.World.Add();
        foreach (var run in new[] { NoRun, "x", "background" })
            await (await _cluster.Client.SendAsync("POST", $"/v1/sandboxes/{id}/runs/{run}/{action}", body)).AssertProblemAsync(404, "run_not_found");
    }

    [Fact]
    public async Task An_interrupt_may_say_how_long_to_wait_before_the_kill()
    {
        var (path, run) = await StartAsync("{\"code\":\"hold never\"}");

        Assert.Equal(202, (int)(await _cluster.Client.SendAsync("POST", $"{path}/interrupt")).StatusCode);
        Assert.Equal(202, (int)(await _cluster.Client.SendAsync("POST", $"{path}/interrupt", "{\"grace_seconds\":0}")).StatusCode);
        await AssertNamedAsync($"{path}/interrupt", "{\"grace_seconds\":301}", "grace_seconds");

        Assert.Equal(2, run.Interrupts);
        Assert.Equal(["interrupt 00:00:00"], run.Controls);
    }

    [Fact]
    public async Task A_signal_goes_to_the_group_unless_the_request_names_another_scope()
    {
        var (path, run) = await StartAsync("{\"command\":\"hold never\"}");

        foreach (var body in new[] { "{\"signal\":\"SIGTERM\"}", "{\"signal\":\"SIGUSR1\",\"scope\":\"process\"}", "{\"signal\":\"SIGKILL\",\"scope\":\"all\"}" })
            Assert.Equal(202, (int)(await _cluster.Client.SendAsync("POST", $"{path}/signal", body)).StatusCode);
        foreach (var (body, field) in new[] { ("{}", "signal"), ("{\"signal\":\"TERM\"}", "signal"), ("{\"signal\":9}", "signal"), ("{\"signal\":\"SIGINT\",\"scope\":\"tree\"}", "scope") })
            await AssertNamedAsync($"{path}/signal", body, field);

        Assert.Equal(["SIGTERM Group", "SIGUSR1 Process", "SIGKILL All"], run.Controls);
        await (await _cluster.Client.SendAsync("POST", $"{path}/signal", "{\"signal\":\"SIGTERM\"}")).AssertProblemAsync(409, "run_ended");
        Assert.Equal(202, (int)(await _cluster.Client.SendAsync("POST", $"{path}/signal", "{\"signal\":\"SIGTERM\",\"scope\":\"all\"}")).StatusCode);
    }

    [Fact]
    public async Task A_terminal_changes_its_size_and_nothing_else_has_one()
    {
        var (path, run) = await StartAsync("{\"command\":\"hold never\",\"pty\":{}}");
        var (other, _) = await StartAsync("{\"command\":\"hold never\"}");

        Assert.Equal(204, (int)(await _cluster.Client.SendAsync("POST", $"{path}/resize", "{\"cols\":100,\"rows\":50}")).StatusCode);
        foreach (var (body, field) in new[] { ("{}", "cols"), ("{\"cols\":1}", "rows"), ("{\"cols\":1,\"rows\":0}", "rows"), ("{\"cols\":1001,\"rows\":1}", "cols") })
            await AssertNamedAsync($"{path}/resize", body, field);

        Assert.Equal(["100x50"], run.Controls);
        await (await _cluster.Client.SendAsync("POST", $"{other}/resize", "{\"cols\":1,\"rows\":1}")).AssertProblemAsync(409, "not_a_terminal");
    }

    [Fact]
    public async Task Input_is_counted_in_bytes_and_a_repeat_with_an_offset_is_skipped()
    {
        var (path, run) = await StartAsync("{\"command\":\"echo\",\"stdin\":true}");

        Assert.Equal(3, await WriteAsync(path, "{\"data\":\"a\u00e9\"}"));
        Assert.Equal(3, await WriteAsync(path, "{\"data\":\"a\u00e9\",\"offset\":0}"));
        Assert.Equal(5, await WriteAsync(path, "{\"data_b64\":\"qf/+\",\"offset\":2}"));
        var gap = await (await _cluster.Client.SendAsync("POST", $"{path}/stdin", "{\"data\":\"x\",\"offset\":9}")).AssertProblemAsync(409, "stdin_offset");
        Assert.Equal(5, gap.GetProperty("offset").GetInt64());
        Assert.Equal(5, (await (await _cluster.Client.SendAsync("GET", path)).ReadJsonAsync()).GetProperty("stdin_offset").GetInt64());
        run.Stdin.IsFull = true;
        var full = await (await _cluster.Client.SendAsync("POST", $"{path}/stdin", "{\"data\":\"x\",\"offset\":5}")).AssertProblemAsync(429, "stdin_full");
        Assert.Equal(5, full.GetProperty("offset").GetInt64());
        run.Stdin.IsFull = false;
        Assert.Equal(5, await WriteAsync(path, "{\"eof\":true}"));
        await Cluster.WaitAsync(() => run.Ended);
        await (await _cluster.Client.SendAsync("POST", $"{path}/stdin", "{\"data\":\"x\"}")).AssertProblemAsync(409, "run_ended");
        Assert.Equal("a\u00c3\u00a9\u00ff\u00fe", Terminal(run.Output));
    }

    [Fact]
    public async Task Only_input_with_an_offset_is_repeated_when_its_answer_is_lost()
    {
        var (path, run) = await StartAsync("{\"command\":\"echo\",\"stdin\":true}");

        run.Stdin.LostAnswers = 1;
        Assert.Equal(2, await WriteAsync(path, "{\"data\":\"ab\",\"offset\":0}"));
        run.Stdin.LostAnswers = 1;
        await (await _cluster.Client.SendAsync("POST", $"{path}/stdin", "{\"data\":\"c\"}")).AssertProblemAsync(503, "sandbox_unreachable");

        Assert.Equal(3, run.Stdin.Offset);
    }

    [Theory]
    [InlineData("{}", "data")]
    [InlineData("{\"data\":\"a\",\"data_b64\":\"YQ==\"}", "data_b64")]
    [InlineData("{\"data_b64\":\"?\"}", "data_b64")]
    [InlineData("{\"data\":\"\\ud800\"}", "data")]
    [InlineData("{\"data\":\"a\",\"offset\":-1}", "offset")]
    [InlineData("{\"data\":\"a\",\"eof\":1}", "eof")]
    public async Task Input_that_is_wrong_names_the_field(string body, string field)
    {
        var (path, _) = await StartAsync("{\"command\":\"hold never\",\"stdin\":true}");

        await AssertNamedAsync($"{path}/stdin", body, field);
    }

    [Fact]
    public async Task Input_has_a_limit_and_needs_an_open_standard_input()
    {
        var (path, _) = await StartAsync("{\"command\":\"hold never\",\"stdin\":true}");
        var (closed, _) = await StartAsync("{\"command\":\"hold never\"}");
        var largest = JsonSerializer.Serialize(new { data = new string('x', StdinChunk.MaxBytes), offset = 0 });

        Assert.Equal(StdinChunk.MaxBytes, await WriteAsync(path, largest));
        await (await _cluster.Client.SendAsync("POST", $"{path}/stdin", largest.Replace("xx\"", "xxx\"", StringComparison.Ordinal))).AssertProblemAsync(413, "code_too_large");
        await (await _cluster.Client.SendAsync("POST", $"{closed}/stdin", "{\"data\":\"x\"}")).AssertProblemAsync(409, "stdin_closed");
    }

    [Fact]
    public async Task Late_output_of_a_sandbox_is_a_run_with_a_name_of_its_own()
    {
        var id = _cluster.World.Add();
        var state = _cluster.World.Sandboxes[id.Value];
        await state.StartAsync(RunId.ForBackground(id), new RunRequest("out late\nhold never"u8.ToArray(), RunLanguage.Bash, RunRequest.NoTimeout, OnDisconnect.Continue, System.Collections.Immutable.ImmutableSortedDictionary<string, string>.Empty) { Kind = RunKind.Background });
        await Cluster.WaitAsync(() => state.Runs.Single().Info.LastSeq == 1);

        var run = await (await _cluster.Client.SendAsync("GET", $"/v1/sandboxes/{id}/runs/background")).ReadJsonAsync();
        var events = await (await _cluster.Client.SendAsync("GET", $"/v1/sandboxes/{id}/runs/background/events?after=0")).ReadTextAsync();

        Assert.Equal(("background", "running", RunId.ForBackground(id).Value), (run.GetProperty("kind").GetString(), run.GetProperty("state").GetString(), run.GetProperty("id").GetString()));
        Assert.Equal(state.Runs.Single().Output, events);
    }

    private async Task<(string Path, ScriptedRun Run)> StartAsync(string body)
    {
        var id = _cluster.World.Add();
        var response = await _cluster.Client.SendAsync("POST", $"/v1/sandboxes/{id}/runs", body);
        Assert.True((int)response.StatusCode == 201, await response.ReadTextAsync());
        return (response.Headers.Location!.ToString(), _cluster.World.Sandboxes[id.Value].Runs.Single());
    }

    private async Task<long> WriteAsync(string path, string body)
    {
        var response = await _cluster.Client.SendAsync("POST", $"{path}/stdin", body);
        Assert.True((int)response.StatusCode == 202, await response.ReadTextAsync());
        return (await response.ReadJsonAsync()).GetProperty("offset").GetInt64();
    }

    private async Task AssertNamedAsync(string path, string body, string field)
    {
        var problem = await (await _cluster.Client.SendAsync("POST", path, body)).AssertProblemAsync(400, "invalid_request");
        Assert.True(problem.GetProperty("errors").TryGetProperty(field, out _), problem.ToString());
    }

    private async Task<JsonElement> PageAsync(SandboxId id, string query) => await (await _cluster.Client.SendAsync("GET", $"/v1/sandboxes/{id}/runs{query}")).ReadJsonAsync();

    private async Task<IEnumerable<string?>> KindsAsync(SandboxId id, string query) =>
        (await PageAsync(id, query)).GetProperty("runs").EnumerateArray().Select(run => run.GetProperty("kind").GetString());

    private static string Terminal(string lines) => string.Concat(lines.Split('\n', StringSplitOptions.RemoveEmptyEntries).Select(line => JsonDocument.Parse(line).RootElement)
        .Where(line => line.GetProperty("type").GetString() == "pty").Select(line => Encoding.Latin1.GetString(line.GetProperty("data").GetBytesFromBase64())));
}
