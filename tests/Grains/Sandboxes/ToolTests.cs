using Podflare.Guests;
using Podflare.Harness;
using Podflare.Runs;

namespace Podflare.Sandboxes;

/// <summary>Tools that code calls: events of the run out, answers in, and what dies between them.</summary>
public sealed class ToolTests
{
    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Calls_are_events_and_answers_reach_the_code()
    {
        await using var cluster = await GrainCluster.StartAsync();
        var sandbox = await cluster.CreateAsync();
        var run = await StartAsync(sandbox, program => program.Print("a\n").CallTool("search", """{"q":"x\n","deep":[1,2.5,{"é":null}]}""").CallTool("search"));

        var request = (await run.ReadAsync(2))[1];
        Assert.Equal("tool_request", request.Type);
        Assert.StartsWith("{\"type\":\"tool_request\",\"data\":{\"call_id\":\"call_1\",\"name\":\"search\",\"arguments\":{\"q\":\"x\\n\",\"deep\":[1,2.5,{\"\\u00e9\":null}]}},\"seq\":2,\"ts\":", request.Json, StringComparison.Ordinal);
        Assert.Equal(["call_1"], (await run.GetAsync()).OpenToolCalls);
        Assert.Equal([ToolAnswerOutcome.Accepted], await AnswerAsync(run, new ToolAnswer("call_1", "[1, 2]"u8.ToArray())));
        await run.ReadAsync(5);
        Assert.Equal(["call_2"], (await run.GetAsync()).OpenToolCalls);
        await AnswerAsync(run, new ToolAnswer("call_2", "no index"u8.ToArray(), IsError: true));

        var outcome = await run.ReadToEndAsync();
        Assert.Equal("a\n[1, 2]\nerror no index\n", outcome.Output);
        Assert.Equal(["stdout", "tool_request", "tool_response", "stdout", "tool_request", "tool_response", "stdout", "exit"], outcome.Lines.Select(line => line.Type));
        Assert.Contains("\"data\":{\"call_id\":\"call_1\",\"ok\":true}", outcome.Lines[2].Json, StringComparison.Ordinal);
        Assert.DoesNotContain(outcome.Lines, line => line.Type == "tool_response" && line.Json.Contains("[1", StringComparison.Ordinal));
        Assert.Null((await run.GetAsync()).OpenToolCalls);
        Assert.Equal([ToolAnswerOutcome.Closed], await AnswerAsync(run, new ToolAnswer("call_1", "1"u8.ToArray())));
        await cluster.AgreesAsync();
    }

    [Fact]
    public async Task The_guest_gets_definitions_and_limits_and_calls_wait_no_longer_than_the_run()
    {
        await using var cluster = await GrainCluster.StartAsync();
        var sandbox = await cluster.CreateAsync();
        var sent = new TaskCompletionSource<string>();
        await (await StartAsync(sandbox, program => program.Then(run => sent.TrySetResult(run.Request.ToJsonString())), timeout: TimeSpan.FromSeconds(7))).ReadToEndAsync();

        var json = await sent.Task;
        Assert.Contains("""
            "tools":[{"name":"search","description":"Finds.","input_schema":{"type":"object"}}],"tool_timeout_ms":7000,"tool_limits":{"open":16,"calls":100,"bytes":1048576}
            """, json, StringComparison.Ordinal);
        Assert.DoesNotContain("tool", await PlainAsync(), StringComparison.Ordinal);

        async Task<string> PlainAsync()
        {
            var plain = new TaskCompletionSource<string>();
            await sandbox.RunAsync(program => program.Then(run => plain.TrySetResult(run.Request.ToJsonString())));
            return await plain.Task;
        }
    }

    [Fact]
    public async Task The_first_answer_counts_and_each_stands_for_itself()
    {
        await using var cluster = await GrainCluster.StartAsync();
        var sandbox = await cluster.CreateAsync();
        var gate = new Gate();
        var run = await StartAsync(sandbox, program => program.CallTool("search").Wait(gate).CallTool("search"));
        await run.ReadAsync(1);

        var first = AnswerAsync(run, new ToolAnswer("call_1", "1"u8.ToArray()), new ToolAnswer("call_9", "1"u8.ToArray()), new ToolAnswer("call_01", "1"u8.ToArray()), new ToolAnswer("x", "1"u8.ToArray()));
        var second = AnswerAsync(run, new ToolAnswer("call_1", "2"u8.ToArray()));
        Assert.Equal([ToolAnswerOutcome.Accepted, ToolAnswerOutcome.NotFound, ToolAnswerOutcome.NotFound, ToolAnswerOutcome.NotFound], await first);
        Assert.Equal([ToolAnswerOutcome.Accepted], await second);
        gate.Open();
        await run.ReadAsync(4);
        sandbox.Guest.CloseToolCall(run.Id, 2, "timeout");
        Assert.Equal([ToolAnswerOutcome.Closed], await AnswerAsync(run, new ToolAnswer("call_2", "1"u8.ToArray())));
        var outcome = await run.ReadToEndAsync();
        Assert.True(outcome.Output is "1\ntimeout\n" or "2\ntimeout\n", outcome.Output);
        Assert.Equal(2, outcome.Lines.Count(line => line.Type == "tool_response"));
        Assert.Contains("\"ok\":false,\"reason\":\"timeout\"", outcome.Lines.Last(line => line.Type == "tool_response").Json, StringComparison.Ordinal);
    }

    [Fact]
    public async Task An_answer_whose_acknowledgement_is_lost_is_repeated()
    {
        await using var cluster = await GrainCluster.StartAsync();
        var sandbox = await cluster.CreateAsync();
        var run = await StartAsync(sandbox, program => program.CallTool("search"));
        await run.ReadAsync(1);
        sandbox.Guest.LosesNextToolAnswer = true;

        Assert.Equal([ToolAnswerOutcome.Accepted], await AnswerAsync(run, new ToolAnswer("call_1", "1"u8.ToArray())));
        var outcome = await run.ReadToEndAsync();
        Assert.Equal("1\n", outcome.Output);
        Assert.Equal(2, sandbox.Guest.Requests.Count(request => request == "ToolResult"));
        Assert.Equal(["tool_request", "tool_response", "stdout", "exit"], outcome.Lines.Select(line => line.Type));
    }

    // Only the guest knows them: the next activation learns them from its HELLO.
    [Fact]
    public async Task Open_calls_outlive_the_worker()
    {
        await using var cluster = await GrainCluster.StartAsync(workers: 2, frontends: 1);
        var sandbox = await cluster.CreateAsync();
        var gate = new Gate();
        var run = await StartAsync(sandbox, program => program
            .Then(async context => await Task.WhenAll(Enumerable.Range(0, 3).Select(_ => context.Guest.CallTool(context.Id, "search"))).WaitAsync(context.Stopping)).Print("all\n"));
        await run.ReadAsync(3);
        await AnswerAsync(run, new ToolAnswer("call_2", "2"u8.ToArray()));
        await run.ReadAsync(4);

        await sandbox.Worker.KillAsync();
        await sandbox.Worker.StartAsync();
        await Until.TrueAsync(async () => (await Patience.CallAsync(run.GetAsync)).OpenToolCalls is { Count: 2 });
        Assert.Equal(["call_1", "call_3"], (await run.GetAsync()).OpenToolCalls);
        foreach (var call in new[] { "call_1", "call_2", "call_3" })
            Assert.Equal([ToolAnswerOutcome.Accepted], await Patience.CallAsync(() => AnswerAsync(run, new ToolAnswer(call, "1"u8.ToArray()))));
        var outcome = await run.ReadToEndAsync();
        Assert.Equal("all\n", outcome.Output);
        Assert.Equal((3, 3, 1), (outcome.Lines.Count(line => line.Type == "tool_request"), outcome.Lines.Count(line => line.Type == "tool_response"), outcome.Lines.Count(line => line.Type == "exit")));
        await cluster.AgreesAsync();
    }

    [Fact]
    public async Task An_interrupt_and_a_timeout_end_a_run_that_waits()
    {
        await using var cluster = await GrainCluster.StartAsync();
        var sandbox = await cluster.CreateAsync();
        var waiting = await StartAsync(sandbox, program => program.CallTool("search"));
        await waiting.ReadAsync(1);
        await sandbox.Grain.Interrupt(GrainCluster.Tenant, waiting.Id, Cancel);
        Assert.Equal(130, (await waiting.ReadToEndAsync()).ExitCode);

        var slow = await StartAsync(sandbox, program => program.CallTool("search"), timeout: TimeSpan.FromSeconds(30));
        await slow.ReadAsync(1);
        cluster.Clock.Advance(TimeSpan.FromSeconds(31));
        Assert.Equal(124, (await slow.ReadToEndAsync()).ExitCode);
        Assert.Equal([ToolAnswerOutcome.Closed], await AnswerAsync(slow, new ToolAnswer("call_1", "1"u8.ToArray())));
    }

    [Fact]
    public async Task An_older_guest_offers_no_tools()
    {
        await using var cluster = await GrainCluster.StartAsync();
        var sandbox = await cluster.CreateAsync();
        var connections = sandbox.Guest.Connections;
        sandbox.Guest.MaxVersion = 2;
        sandbox.Guest.Disconnect();
        await Until.TrueAsync(() => sandbox.Guest.Connections > connections);

        await Assert.ThrowsAsync<NotOfferedException>(() => StartAsync(sandbox, program => program));
        Assert.Equal(0, (await sandbox.RunAsync(program => program)).ExitCode);
        Assert.DoesNotContain("ToolResult", sandbox.Guest.Requests);
    }

    [Fact]
    public async Task The_grain_checks_definitions_and_answers_itself()
    {
        await using var cluster = await GrainCluster.StartAsync();
        var sandbox = await cluster.CreateAsync();
        var request = sandbox.Request(program => program.CallTool("search")) with { Tools = Tools };
        ToolDefinition[] many = [.. Enumerable.Range(0, 65).Select(index => new ToolDefinition($"t{index}"))];
        await RefusedAsync("tools", request with { Language = RunLanguage.Bash });
        await RefusedAsync("tools", request with { Tools = new RunTools([]) });
        await RefusedAsync("tools", request with { Tools = new RunTools([.. many]) });
        await RefusedAsync("tools", request with { Tools = new RunTools([many[0], many[0]]) });
        await RefusedAsync("tools", request with { Tools = new RunTools([new ToolDefinition("a b")]) });
        await RefusedAsync("tools", request with { Tools = new RunTools([new ToolDefinition("a", new string('x', 65_537))]) });
        await RefusedAsync("tool_timeout_seconds", request with { Tools = Tools with { Timeout = TimeSpan.Zero } });
        Assert.Empty(await sandbox.Grain.ListRuns(GrainCluster.Tenant));

        var run = await sandbox.StartRunAsync(RunId.New(), request);
        await run.ReadAsync(1);
        foreach (var answers in new ToolAnswer[][] { [], [new ToolAnswer("call_1", new byte[1024 * 1024 + 1])], [.. Enumerable.Repeat(new ToolAnswer("call_1", "1"u8.ToArray()), 17)] })
            Assert.Equal("results", (await Assert.ThrowsAsync<InvalidRequestException>(() => AnswerAsync(run, answers))).Field);
        // What was refused has closed nothing.
        Assert.Equal([ToolAnswerOutcome.Accepted], await AnswerAsync(run, new ToolAnswer("call_1", "1"u8.ToArray())));
        await Assert.ThrowsAsync<RunNotFoundException>(() => AnswerAsync(sandbox.Run(RunId.New()), new ToolAnswer("call_1", "1"u8.ToArray())));
        Assert.Equal("1\n", (await run.ReadToEndAsync()).Output);

        async Task RefusedAsync(string field, RunRequest wrong) =>
            Assert.Equal(field, (await Assert.ThrowsAsync<InvalidRequestException>(() => sandbox.Grain.StartRun(GrainCluster.Tenant, RunId.New(), wrong, Cancel))).Field);
    }

    [Fact]
    public void Tools_count_as_payload()
    {
        var plain = new RunRequest([1], RunLanguage.Python, TimeSpan.FromSeconds(1), OnDisconnect.Continue, System.Collections.Immutable.ImmutableSortedDictionary<string, string>.Empty);
        RunTools[] different = [Tools, Tools with { Timeout = TimeSpan.FromSeconds(1) }, new([new("search")]), new([new("search", "Finds.")]), new([new("other", "Finds.", "{\"type\":\"object\"}"u8.ToArray())])];

        Assert.Equal(different.Length + 1, different.Select(tools => plain with { Tools = tools }).Append(plain).Select(request => request.PayloadHash()).Distinct().Count());
    }

    private static RunTools Tools => new([new ToolDefinition("search", "Finds.", "{\"type\":\"object\"}"u8.ToArray())]);

    private static Task<TestRun> StartAsync(TestSandbox sandbox, Func<GuestProgram, GuestProgram> program, TimeSpan? timeout = null) =>
        sandbox.StartRunAsync(RunId.New(), sandbox.Request(program, timeout) with { Tools = Tools });

    private static Task<ToolAnswerOutcome[]> AnswerAsync(TestRun run, params ToolAnswer[] answers) =>
        run.Sandbox.Grain.AnswerToolCalls(GrainCluster.Tenant, run.Id, answers, Cancel);
}
