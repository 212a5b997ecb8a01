using System.Net.Http.Json;
using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using Podflare.EndToEnd.Api;
using Podflare.EndToEnd.Runs;
using Podflare.EndToEnd.Services;
using Podflare.Faults.Services;

namespace Podflare.Faults;

/// <summary>The worker dies during a run of each kind: the run goes on, and nothing of it is lost, repeated or guessed.</summary>
[Collection("crashes")]
public sealed class KindsOfRunTests(CrashLab lab) : IAsyncLifetime
{
    private const int Lines = 40;
    private static readonly string[] Echo = ["python3", "-u", "-c", "import sys\nprint('ready')\nfor line in sys.stdin: print('got', line, end='')"];
    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(30);
    private readonly SandboxApi _api = new(lab.Cluster.Frontend(0));
    private string _sandbox = "";
    private bool _isLost;
    private RunsApi _runs = null!;

    public async ValueTask InitializeAsync()
    {
        _sandbox = await lab.CreateAsync();
        _runs = new RunsApi(_api, _sandbox);
    }

    public async ValueTask DisposeAsync()
    {
        if (!_isLost) await lab.DeleteAsync(_sandbox);
        _api.Dispose();
    }

    [Theory]
    [InlineData("process", "frames-appended")]
    [InlineData("process", "end-arrived")]
    [InlineData("terminal", "frames-arrived")]
    [InlineData("terminal", "end-appended")]
    [InlineData("context", "frames-published")]
    [InlineData("context", "end-arrived")]
    public async Task A_run_of_any_kind_goes_on_and_is_read_whole(string kind, string point)
    {
        if (kind == "context")
        {
            await CallAsync(HttpMethod.Post, "/contexts", new JsonObject { ["id"] = "a" }, 201);
            await _api.RunAsync(_sandbox, "kept = 41", extra: new { context = "a" });
        }

        var run = await _runs.StartAsync(Program(kind));
        lab.Arm(point);
        var live = await _runs.ReadUntilAsync(run, 0, events => events[^1].Type == "exit");

        await lab.AssertReachedAsync(point);
        Assert.Equal((3, null), (live[^1].Code, live[^1].Reason));
        Assert.Equal(string.Concat(Enumerable.Range(1, Lines).Select(i => $"line-{i}\n")), Output(live));
        Assert.Equal(Enumerable.Range(1, live.Count).Select(i => (long)i), live.Select(e => e.Seq));
        var stored = await ReadAgainAsync(run);
        Assert.Equal(live.Select(e => e.Json.GetRawText()), stored.Select(e => e.Json.GetRawText()));
        if (kind == "context") Assert.Equal("41\n", await PrintAsync("print(kept)", "a"));
        await AssertEndedAsync(run);
    }

    [Fact]
    public async Task What_is_written_to_a_process_arrives_once_and_a_signal_ends_it()
    {
        var run = await _runs.StartAsync(new { argv = Echo, stdin = true });
        await _runs.ReadUntilAsync(run, 0, events => Output(events).Contains("ready", StringComparison.Ordinal));
        var pid = (await GetAsync(run)).GetProperty("pid").GetInt32();
        var offset = 0;
        for (var i = 0; i < 6; i++)
        {
            var text = $"line {i}\n";
            // The answer to a write may be lost with the worker: the repeat names the same offset.
            if (i % 2 == 1) lab.Cluster.Signal(lab.WorkerOf(_sandbox), "KILL");
            if (i == 3) await AssertAdoptedAsync(run, pid, offset);
            await CallAsync(HttpMethod.Post, $"/runs/{run}/stdin", new JsonObject { ["data"] = text, ["offset"] = offset }, 202);
            offset += Encoding.UTF8.GetByteCount(text);
        }

        var last = (await _runs.ReadUntilAsync(run, 0, events => Output(events).Contains("line 5\n", StringComparison.Ordinal)))[^1];
        await CallAsync(HttpMethod.Post, $"/runs/{run}/signal", new JsonObject { ["signal"] = "SIGTERM" }, 202);
        var end = (await _runs.ReadUntilAsync(run, last.Seq, events => events[^1].Type == "exit"))[^1];

        Assert.Equal((143, "SIGTERM"), (end.Code, end.Json.GetProperty("signal").GetString()));
        Assert.Equal("ready\n" + string.Concat(Enumerable.Range(0, 6).Select(i => $"got line {i}\n")), Output(await ReadAgainAsync(run)));
    }

    [Fact]
    public async Task A_watch_reports_what_changed_while_its_worker_was_away()
    {
        var watch = await _runs.StartAsync(new { watch = new { path = "/root" } });
        var writer = await _runs.StartAsync(new { command = "touch before; until [ -e go ]; do sleep 0.02; done; for i in 1 2 3 4 5; do touch changed-$i; sleep 0.3; done" });
        await _runs.ReadUntilAsync(watch, 0, events => Names(events).Contains("before"));
        await PrintAsync("open('go', 'w').close()", "python");
        Assert.NotNull(lab.Cluster.Signal(lab.WorkerOf(_sandbox), "KILL"));

        await _runs.ReadUntilAsync(watch, 0, events => Names(events).Contains("changed-5"));
        await CallAsync(HttpMethod.Post, $"/runs/{watch}/interrupt", null, 202);
        var all = await _runs.ReadUntilAsync(watch, 0, events => events[^1].Type == "exit");

        Assert.Equal(Enumerable.Range(1, 5).Select(i => $"changed-{i}"), Names(all).Where(name => name.StartsWith("changed", StringComparison.Ordinal)).Distinct());
        Assert.Equal(Enumerable.Range(1, all.Count).Select(i => (long)i), all.Select(e => e.Seq));
        Assert.Equal((130, "interrupted"), (all[^1].Code, all[^1].Reason));
        Assert.Equal(0, (await _runs.ReadUntilAsync(writer, 0, events => events[^1].Type == "exit"))[^1].Code);
    }

    [Fact]
    public async Task Runs_of_every_kind_are_lost_with_their_container_while_the_worker_is_away()
    {
        await CallAsync(HttpMethod.Post, "/contexts", new JsonObject { ["id"] = "a" }, 201);
        object[] programs =
        [
            new { command = "echo up; sleep 600" },
            new { command = "echo up; sleep 600", pty = new { cols = 80, rows = 24 } },
            new { context = "a", code = "print('up')\nimport time\ntime.sleep(600)" },
            new { watch = new { path = "/root" } },
        ];
        var runs = new List<string>();
        foreach (var program in programs)
        {
            var run = await _runs.StartAsync(program);
            await _runs.ReadUntilAsync(run, 0, events => events[^1].Type == "start" ? program == programs[^1] : Output(events).Contains("up", StringComparison.Ordinal));
            runs.Add(run);
        }

        Assert.NotNull(lab.Cluster.Signal(lab.WorkerOf(_sandbox), "KILL"));
        await Engine.KillAsync(_sandbox);
        _isLost = true;

        foreach (var run in runs)
        {
            var exit = (await _runs.ReadUntilAsync(run, 0, events => events[^1].Type == "exit"))[^1];
            Assert.Equal((255, "lost"), (exit.Code, exit.Reason));
            Assert.False(exit.Json.TryGetProperty("signal", out _));
        }
    }

    private static object Program(string kind) => kind switch
    {
        "context" => new { context = "a", code = $"import sys, time\nfor i in range(1, {Lines} + 1): print(f'line-{{i}}'); time.sleep(0.02)\nsys.exit(3)" },
        "terminal" => new { command = Loop, pty = new { cols = 80, rows = 24 } },
        _ => new { command = Loop },
    };

    private static string Loop => $"for i in $(seq {Lines}); do echo line-$i; sleep 0.02; done; exit 3";

    private static string Output(IEnumerable<SandboxEvent> events) =>
        string.Concat(events.Select(e => e.Type switch
        {
            "stdout" => e.Text,
            "pty" => Encoding.UTF8.GetString(Convert.FromBase64String(e.Text!)),
            _ => "",
        })).Replace("\r\n", "\n", StringComparison.Ordinal);

    private static IEnumerable<string> Names(IEnumerable<SandboxEvent> events) =>
        events.Where(e => e.Type == "file").Select(e => Path.GetFileName(e.Json.GetProperty("data").GetProperty("path").GetString()!));

    private Task<JsonElement> GetAsync(string run) => lab.GetAsync($"/v1/sandboxes/{_sandbox}/runs/{run}");

    /// <summary>What only the guest knows of a process reaches the next activation.</summary>
    private Task AssertAdoptedAsync(string run, int pid, int offset) => Until.TrueAsync(
        async () =>
        {
            var info = await GetAsync(run);
            return info.TryGetProperty("pid", out var found) && found.GetInt32() == pid && info.GetProperty("argv")[0].GetString() == "python3" && info.GetProperty("stdin_offset").GetInt64() == offset;
        },
        Limit, "the process id, the arguments and the offset of the input are known again");

    private Task<List<SandboxEvent>> ReadAgainAsync(string run) => _runs.ReadUntilAsync(run, 0, events => events[^1].Type == "exit");

    private async Task<string> PrintAsync(string code, string context)
    {
        // The worker may still be on its way back.
        HttpResponseMessage? answer = null;
        await Until.TrueAsync(async () => (answer = await _api.StartAsync(_sandbox, code, extra: new { context })).IsSuccessStatusCode, Limit, "the sandbox takes a run");
        using (answer!)
        {
            var events = new List<SandboxEvent>();
            await foreach (var line in SandboxApi.LinesAsync(answer!, TestContext.Current.CancellationToken)) events.Add(SandboxEvent.Parse(line));
            return Output(events);
        }
    }

    private async Task CallAsync(HttpMethod method, string path, JsonObject? body, int expected)
    {
        var answer = await lab.Client.SendAsync(method, $"/v1/sandboxes/{_sandbox}{path}", body, null, 0, TestContext.Current.CancellationToken);
        Assert.True(answer.Status == expected, $"{answer.Status} {answer.Code} instead of {expected}: {answer.Body}");
    }

    private async Task AssertEndedAsync(string run) =>
        await Until.TrueAsync(async () => (await _runs.GetAsync(run)).GetProperty("state").GetString() == "ended", Limit, "the run is over");
}
