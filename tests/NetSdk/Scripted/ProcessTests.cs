using System.Net;
using System.Text.Json.Nodes;
using static Podflare.NetSdk.Scripted.ScriptedServer;

namespace Podflare.NetSdk.Scripted;

/// <summary>What the client sends for runs of every kind.</summary>
public sealed class ProcessTests
{
    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Every_option_of_a_run_has_its_field()
    {
        var server = new ScriptedServer().Stream(Lines(1, 1, exit: true), times: 2);
        await server.Attach().RunAsync("1", new RunOptions { Timeout = TimeSpan.FromSeconds(2), Env = new Dictionary<string, string> { ["A"] = "b" } }, Cancellation);
        // What a client of an earlier version sends, byte for byte.
        Assert.Equal("""{"code":"1","language":"python","timeout_seconds":2,"env":{"A":"b"}}""", server.Requests[0].Body);
        await server.Attach().RunAsync(
            "1",
            new RunOptions
            {
                Context = "analysis",
                Display = ResultDisplay.All,
                Columns = true,
                Stdin = RunInput.Open,
                Grace = TimeSpan.Zero,
                OnDisconnect = DisconnectAction.Interrupt,
                DisconnectAfter = TimeSpan.FromSeconds(0.5),
                KeepAlive = false,
                Tag = "t",
                Output = new OutputOptions { MergeStderr = true, ExactOrder = true, Binary = true },
            },
            Cancellation);
        Assert.Equal(
            """{"code":"1","context":"analysis","display":"all","columns":true,"stdin":true,"grace_seconds":0,"on_disconnect":"interrupt","disconnect_seconds":0.5,"keep_alive":false,"tag":"t","stderr":"stdout","order":"exact","encoding":"base64"}""",
            server.Requests[1].Body);
    }

    [Theory]
    [InlineData(FreshInterpreter.No, """{"code":"1","language":"python"}""")]
    [InlineData(FreshInterpreter.Yes, """{"code":"1","language":"python","fresh":true}""")]
    [InlineData(FreshInterpreter.Alone, """{"code":"1","language":"python","fresh":"alone"}""")]
    public async Task A_fresh_interpreter(FreshInterpreter fresh, string body)
    {
        var server = new ScriptedServer().Stream(Lines(1, 1, exit: true));
        await server.Attach().RunAsync("1", new RunOptions { Fresh = fresh }, Cancellation);
        Assert.Equal(body, server.Requests[0].Body);
    }

    [Fact]
    public async Task A_process_is_its_words_or_a_command_line()
    {
        var server = new ScriptedServer().Stream(Lines(1, 1, exit: true), times: 2);
        var options = new ProcessOptions { WorkingDirectory = "/tmp", Timeout = TimeSpan.FromSeconds(5), Tag = "t" };
        Assert.Equal("1\n", (await server.Attach().RunProcessAsync(ProcessCommand.Of("git", "status", "a b"), options, Cancellation)).Stdout);
        await foreach (var _ in server.Attach().RunProcessStreamAsync(ProcessCommand.Shell("ls | wc"), cancellationToken: Cancellation))
        {
        }

        Assert.Equal(["""{"argv":["git","status","a b"],"timeout_seconds":5,"tag":"t","cwd":"/tmp"}""", """{"command":"ls | wc"}"""], server.Requests.Select(request => request.Body));
        Assert.All(server.Requests, request => Assert.Equal("/v1/sandboxes/sbx_1/exec", request.Path));
    }

    [Fact]
    public async Task Binary_output_becomes_one_text_although_a_character_is_split()
    {
        var server = new ScriptedServer().Stream(
            """{"type":"stdout","data":"YcM=","seq":1,"ts":1,"encoding":"base64"}""" + "\n" + """{"type":"stdout","data":"qQ==","seq":2,"ts":1,"encoding":"base64"}""" + "\n"
            + """{"type":"exit","data":0,"seq":3,"ts":1}""" + "\n");
        Assert.Equal("aé", (await server.Attach().RunProcessAsync(ProcessCommand.Of("x"), cancellationToken: Cancellation)).Stdout);
    }

    [Fact]
    public async Task Standard_input_is_sent_once_whatever_happens_to_the_calls()
    {
        var server = new ScriptedServer()
            .Stream("""{"type":"start","data":7,"seq":1,"ts":1}""" + "\n", breaks: false)
            .Json("""{"offset":3}""")
            .Break()
            .Refuse(429, "stdin_full", "0")
            .Json("""{"offset":5}""");
        using var run = await server.Attach().StartProcessAsync(ProcessCommand.Of("cat"), new ProcessOptions { Stdin = RunInput.Open }, Cancellation);
        await run.WriteStdinTextAsync("abc", cancellationToken: Cancellation);
        await run.WriteStdinAsync("de"u8.ToArray(), endOfFile: true, Cancellation);
        string[] bodies =
        [
            """{"data_b64":"YWJj","offset":0}""", """{"data_b64":"ZGU=","eof":true,"offset":3}""", """{"data_b64":"ZGU=","eof":true,"offset":3}""", """{"data_b64":"ZGU=","eof":true,"offset":3}""",
        ];
        Assert.Equal(bodies, server.Requests.Skip(1).Select(request => request.Body));
        Assert.Equal("/v1/sandboxes/sbx_1/runs/run_1/stdin", server.Requests[1].Path);
    }

    [Fact]
    public async Task A_writer_who_comes_later_starts_where_the_run_is()
    {
        var server = new ScriptedServer().Json("""{"id":"run_1","state":"running","stdin_offset":7}""").Json("""{"offset":8}""").Json("""{"offset":10}""");
        var run = server.Attach().GetRun("run_1");
        await run.WriteStdinTextAsync("x", cancellationToken: Cancellation);
        Assert.Equal(7, JsonNode.Parse(server.Requests[1].Body)!["offset"]!.GetValue<long>());
        // Somebody else has written meanwhile, and this byte was taken for one of theirs.
        await Assert.ThrowsAsync<PodflareProtocolException>(() => run.WriteStdinTextAsync("y", cancellationToken: Cancellation));
    }

    [Fact]
    public async Task A_large_input_is_sent_in_pieces()
    {
        var server = new ScriptedServer().Json("""{"id":"run_1","state":"running"}""").Json("""{"offset":262144}""").Json("""{"offset":262145}""");
        await server.Attach().GetRun("run_1").WriteStdinAsync(new byte[262_145], endOfFile: true, Cancellation);
        Assert.Equal([(0, false), (262_144, true)], server.Requests.Skip(1).Select(request => JsonNode.Parse(request.Body)!).Select(body => (body["offset"]!.GetValue<int>(), body["eof"]?.GetValue<bool>() == true)));
    }

    [Fact]
    public async Task Questions_of_the_code_are_answered()
    {
        var server = new ScriptedServer()
            .Stream("""{"type":"input_request","data":"name? ","seq":1,"ts":1,"password":false}""" + "\n", breaks: true)
            .Json("""{"offset":4}""")
            .Stream("""{"type":"input_request","data":"more? ","seq":2,"ts":1,"password":false}""" + "\n", breaks: true)
            .Json("""{"offset":4}""")
            .Stream("""{"type":"exit","data":0,"seq":3,"ts":1}""" + "\n");
        var asked = new List<string>();
        await server.Attach().RunAsync("input('name? ')", new RunOptions { Stdin = RunInput.Answers((request, _) => ValueTask.FromResult(Note(request.Prompt))) }, Cancellation);
        Assert.Equal(["name? ", "more? "], asked);
        Assert.Equal(["""{"data_b64":"QWRhCg==","offset":0}""", """{"data_b64":"","eof":true,"offset":4}"""], server.Requests.Where(request => request.Path.EndsWith("/stdin", StringComparison.Ordinal)).Select(request => request.Body));

        string? Note(string prompt)
        {
            asked.Add(prompt);
            return asked.Count == 1 ? "Ada" : null;
        }
    }

    [Fact]
    public async Task An_answer_has_one_line_break_and_nothing_is_asked_after_the_end()
    {
        var server = new ScriptedServer()
            .Stream("""{"type":"input_request","data":"","seq":1,"ts":1,"password":false}""" + "\n", breaks: true)
            .Json("""{"offset":2}""")
            .Stream("""{"type":"input_request","data":"","seq":2,"ts":1,"password":false}""" + "\n", breaks: true)
            .Json("""{"offset":2}""")
            .Stream("""{"type":"input_request","data":"","seq":3,"ts":1,"password":false}""" + "\n" + """{"type":"exit","data":0,"seq":4,"ts":1}""" + "\n");
        var answers = new Queue<string?>(["a\n", null]);
        await server.Attach().RunAsync("input()", new RunOptions { Stdin = RunInput.Answers((_, _) => ValueTask.FromResult(answers.Dequeue())) }, Cancellation);
        Assert.Equal(
            ["""{"data_b64":"YQo=","offset":0}""", """{"data_b64":"","eof":true,"offset":2}"""],
            server.Requests.Where(request => request.Path.EndsWith("/stdin", StringComparison.Ordinal)).Select(request => request.Body));
    }

    [Fact]
    public async Task A_run_that_is_only_started_refuses_input_that_nobody_would_write()
    {
        var server = new ScriptedServer();
        foreach (var input in new[] { RunInput.Text("x"), RunInput.Bytes(default), RunInput.Answers((_, _) => ValueTask.FromResult<string?>(null)) })
        {
            await Assert.ThrowsAsync<ArgumentException>(() => server.Attach().StartRunAsync("1", new RunOptions { Stdin = input }, Cancellation));
            await Assert.ThrowsAsync<ArgumentException>(() => server.Attach().StartProcessAsync(ProcessCommand.Of("cat"), new ProcessOptions { Stdin = input }, Cancellation));
        }

        Assert.Empty(server.Requests);
    }

    [Fact]
    public async Task A_failed_answer_interrupts_the_run()
    {
        var server = new ScriptedServer()
            .Stream("""{"type":"input_request","data":"","seq":1,"ts":1,"password":false}""" + "\n", breaks: false)
            .Then(() => new HttpResponseMessage(HttpStatusCode.Accepted));
        var options = new RunOptions { Stdin = RunInput.Answers((_, _) => throw new InvalidOperationException("nobody is here")) };
        await Assert.ThrowsAsync<InvalidOperationException>(() => server.Attach().RunAsync("input()", options, Cancellation));
        Assert.EndsWith("/interrupt", server.Requests[1].Path, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Signals_sizes_and_interrupts()
    {
        var server = new ScriptedServer().Then(() => new HttpResponseMessage(HttpStatusCode.Accepted), times: 3).Then(() => new HttpResponseMessage(HttpStatusCode.NoContent));
        var run = server.Attach().GetRun("run_1");
        await run.SignalAsync(RunSignal.User1, cancellationToken: Cancellation);
        await run.SignalAsync(RunSignal.Kill, SignalScope.All, Cancellation);
        await run.InterruptThenKillAsync(TimeSpan.FromSeconds(2), Cancellation);
        await run.ResizeAsync(120, 40, Cancellation);
        Assert.Equal(
            [("signal", """{"signal":"SIGUSR1","scope":"group"}"""), ("signal", """{"signal":"SIGKILL","scope":"all"}"""), ("interrupt", """{"grace_seconds":2}"""), ("resize", """{"cols":120,"rows":40}""")],
            server.Requests.Select(request => (request.Path.Split('/')[^1], request.Body)));
        await Assert.ThrowsAsync<ArgumentOutOfRangeException>(() => run.ResizeAsync(0, 40, Cancellation));
    }

    [Fact]
    public async Task Input_that_cannot_be_written_interrupts_the_run()
    {
        // The stream is silent: without its input the run would wait forever.
        var server = new ScriptedServer()
            .Then(() => new HttpResponseMessage { Content = new StreamContent(new SilentStream()), Headers = { { "Podflare-Run-Id", "run_1" } } })
            .Refuse(500, "internal")
            .Then(() => new HttpResponseMessage(HttpStatusCode.Accepted));
        var e = await Assert.ThrowsAsync<InputFailedException>(() => server.Attach().RunAsync("input()", new RunOptions { Stdin = RunInput.Text("x") }, Cancellation));
        Assert.Equal("run_1", e.RunId);
        Assert.IsType<ServerErrorException>(e.InnerException);
        Assert.EndsWith("/interrupt", server.Requests[^1].Path, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_run_that_ends_before_its_input_was_read_is_no_failure()
    {
        var server = new ScriptedServer().Stream(Lines(1, 1, exit: true)).Refuse(409, "run_ended");
        Assert.Equal(0, (await server.Attach().RunAsync("1", new RunOptions { Stdin = RunInput.Text("x") }, Cancellation)).ExitCode);
    }

    [Fact]
    public async Task Runs_are_listed_page_by_page()
    {
        var server = new ScriptedServer()
            .Json("""{"runs":[{"id":"run_2","state":"running","kind":"process","pid":7,"argv":["sh"],"cwd":"/","tag":"t"}],"next_cursor":"run_2"}""")
            .Json("""{"runs":[{"id":"run_1","state":"ended","kind":"code","language":"python","context":"python","execution_count":3,"signal":null,"state_lost":true,"stdin_offset":4}],"next_cursor":null}""");
        var runs = new List<RunInfo>();
        await foreach (var run in server.Attach().ListRunsAsync(new RunQuery { State = RunState.Running, Tag = "a b" }, Cancellation)) runs.Add(run);
        Assert.Equal(["?state=running&tag=a%20b", "?state=running&tag=a%20b&cursor=run_2"], server.Requests.Select(request => request.Query));
        Assert.Equal((RunKind.Process, 7, "sh", "/"), (runs[0].Kind, runs[0].ProcessId, runs[0].Arguments!.Single(), runs[0].WorkingDirectory));
        Assert.Equal((RunKind.Code, "python", 3, true, 4), (runs[1].Kind, runs[1].Context, runs[1].ExecutionCount, runs[1].StateLost, runs[1].StdinOffset));
    }

    [Fact]
    public async Task A_sandbox_is_changed()
    {
        var server = new ScriptedServer().Json("""{"id":"sbx_1","state":"ready","warnings":["reduced"]}""");
        var update = new SandboxUpdate { Lifetime = TimeSpan.FromMinutes(1), Metadata = new Dictionary<string, string?> { ["a"] = "b", ["c"] = null } };
        Assert.Equal(["reduced"], (await server.Attach().UpdateAsync(update, Cancellation)).Warnings);
        Assert.Equal(("PATCH", """{"timeout_seconds":60,"metadata":{"a":"b","c":null}}"""), (server.Requests[0].Method, server.Requests[0].Body));
    }

    [Fact]
    public async Task The_background_is_a_run()
    {
        var server = new ScriptedServer().Stream("""{"type":"stdout","data":"late\n","seq":3,"ts":1,"from":"run_1"}""" + "\n", breaks: false);
        await foreach (var e in server.Attach().ReadBackgroundAsync(after: 2, cancellationToken: Cancellation)) Assert.Equal("run_1", Assert.IsType<StdoutEvent>(e).FromRunId);
        Assert.Equal(("/v1/sandboxes/sbx_1/runs/background/events", "?after=2&follow=false&heartbeat=15"), (server.Requests[0].Path, server.Requests[0].Query));
    }

    private sealed class SilentStream : MemoryStream
    {
        public override async ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default)
        {
            await Task.Delay(Timeout.InfiniteTimeSpan, TimeProvider.System, cancellationToken);
            return 0;
        }
    }
}
