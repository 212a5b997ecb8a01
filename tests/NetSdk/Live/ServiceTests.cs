using Podflare.NetSdk.Services;

namespace Podflare.NetSdk.Live;

public sealed class ServiceTests(Service service)
{
    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Output_errors_and_state_of_runs()
    {
        await using var sandbox = await service.Client.CreateSandboxAsync(new SandboxOptions { Env = Pair("PLANET", "Mars") }, Cancellation);
        var first = await sandbox.RunAsync("import os, sys\nprint('é😀\u2028x'); print('w', file=sys.stderr); x = os.environ['PLANET']", cancellationToken: Cancellation);
        Assert.Equal(("é😀\u2028x\n", "w\n", 0, null), (first.Stdout, first.Stderr, first.ExitCode, first.Reason));
        Assert.StartsWith("run_", first.RunId, StringComparison.Ordinal);

        var second = await sandbox.RunAsync("print(x); 1/0", cancellationToken: Cancellation);
        Assert.Equal(("Mars\n", 1, "ZeroDivisionError"), (second.Stdout, second.ExitCode, second.Error?.Name));
        Assert.Contains("ZeroDivisionError", second.Error!.Traceback, StringComparison.Ordinal);

        var bash = await sandbox.RunAsync("echo $A; echo $PLANET >&2; exit 3", new RunOptions { Language = RunLanguage.Bash, Env = Pair("A", "b") }, Cancellation);
        Assert.Equal(("b\n", "Mars\n", 3), (bash.Stdout, bash.Stderr, bash.ExitCode));
    }

    [Fact]
    public async Task A_line_is_read_before_the_next_one_is_written()
    {
        await using var sandbox = await service.Client.CreateSandboxAsync(cancellationToken: Cancellation);
        var read = new List<(DateTimeOffset Written, DateTimeOffset Read)>();
        await foreach (var e in sandbox.RunStreamAsync("import time\nfor i in range(3): print(i); time.sleep(1)", cancellationToken: Cancellation))
            read.Add((e.At, TimeProvider.System.GetUtcNow()));

        Assert.Equal(4, read.Count);
        Assert.All(read.Zip(read.Skip(1)), pair => Assert.InRange(pair.First.Read, pair.First.Written, pair.Second.Written));
    }

    [Fact]
    public async Task Each_end_is_told_apart()
    {
        await using var sandbox = await service.Client.CreateSandboxAsync(cancellationToken: Cancellation);
        var timeout = await sandbox.RunAsync("print('kept')\nwhile True: pass", new RunOptions { Timeout = TimeSpan.FromSeconds(0.5) }, Cancellation);
        Assert.Equal(("kept\n", 124, ExitReason.Timeout), (timeout.Stdout, timeout.ExitCode, timeout.Reason));
        var crashed = await sandbox.RunAsync("import os; os._exit(9)", cancellationToken: Cancellation);
        Assert.Equal((9, ExitReason.Crashed), (crashed.ExitCode, crashed.Reason));
        var next = await sandbox.RunAsync("print(1)", cancellationToken: Cancellation);
        Assert.Equal(("1\n", true), (next.Stdout, next.ReplRestarted));
        Assert.Equal(RunState.Ended, (await sandbox.GetRun(next.RunId).GetInfoAsync(Cancellation)).State);
        var spans = (await sandbox.GetRun(next.RunId).GetTraceAsync(Cancellation)).GetProperty("resourceSpans")[0].GetProperty("scopeSpans")[0].GetProperty("spans");
        Assert.Equal("execute_tool run_code", spans[0].GetProperty("name").GetString());
        Assert.InRange((await sandbox.GetRun(timeout.RunId).GetInfoAsync(Cancellation)).Usage!.CpuSeconds!.Value, 0.001, 2);
        var metrics = await sandbox.GetMetricsAsync(DateTimeOffset.UnixEpoch, cancellationToken: Cancellation);
        Assert.Equal((1.0, 512L << 20), (metrics.Limits.Cpus, metrics.Limits.MemoryBytes));
        Assert.All(metrics.Points, point => Assert.InRange(point.MemoryBytes!.Value, 1, 512L << 20));
    }

    [Fact]
    public async Task The_same_key_joins_and_another_body_is_refused()
    {
        await using var sandbox = await service.Client.CreateSandboxAsync(cancellationToken: Cancellation);
        var options = new RunOptions { IdempotencyKey = "once" };
        var code = "n = globals().get('n', 0) + 1; print(n)";
        var first = await sandbox.RunAsync(code, options, Cancellation);
        using var again = await sandbox.StartRunAsync(code, options, Cancellation);
        Assert.Equal((first.RunId, true), (again.Id, again.WasReplayed));
        await Assert.ThrowsAsync<IdempotencyKeyReusedException>(() => sandbox.RunAsync("print(2)", options, Cancellation));

        var made = new SandboxOptions { IdempotencyKey = Guid.NewGuid().ToString() };
        var both = await Task.WhenAll(service.Client.CreateSandboxAsync(made, Cancellation), service.Client.CreateSandboxAsync(made, Cancellation));
        Assert.Equal(both[0].Id, both[1].Id);
        await both[0].DeleteAsync(Cancellation);
    }

    [Fact]
    public async Task Sandboxes_are_listed_attached_replayed_and_deleted()
    {
        var mark = Guid.NewGuid().ToString("N");
        var made = new List<Sandbox>();
        for (var i = 0; i < 3; i++) made.Add(await service.Client.CreateSandboxAsync(new SandboxOptions { Metadata = Pair("mark", mark) }, Cancellation));
        var listed = await service.Client.ListSandboxesAsync(new SandboxQuery { Metadata = Pair("mark", mark), PageSize = 2, State = SandboxState.Ready }, Cancellation).ToListAsync(Cancellation);
        Assert.Equal(made.Select(sandbox => sandbox.Id).Order(), listed.Select(sandbox => sandbox.Id).Order());
        Assert.All(listed, sandbox => Assert.Equal(mark, sandbox.Metadata["mark"]));

        await using (var attached = service.Client.Attach(made[0].Id))
        {
            var a = await attached.RunAsync("print('a')", cancellationToken: Cancellation);
            var b = await attached.RunAsync("print('b')", cancellationToken: Cancellation);
            var replay = await attached.ReplayAsync(Cancellation);
            Assert.Equal([(a.RunId, 1), (a.RunId, 2), (b.RunId, 1), (b.RunId, 2)], replay.Select(e => (e.RunId, e.Event.Seq)));
        }

        Assert.Equal(SandboxState.Ready, (await made[0].GetInfoAsync(Cancellation)).State);
        foreach (var sandbox in made) await sandbox.DisposeAsync();
        await made[0].DeleteAsync(Cancellation);
        var ended = await made[0].GetInfoAsync(Cancellation);
        Assert.Equal((SandboxState.Ended, SandboxEndReason.Deleted), (ended.State, ended.EndedReason));
        var e = await Assert.ThrowsAsync<SandboxEndedException>(() => made[0].RunAsync("1", cancellationToken: Cancellation));
        Assert.Equal(SandboxEndReason.Deleted, e.EndedReason);
        await Assert.ThrowsAsync<SandboxNotFoundException>(() => service.Client.Attach("sbx_00000000000000000000000000000000").GetInfoAsync(Cancellation));
    }

    [Fact]
    public async Task Mistakes_are_told_by_field()
    {
        await using var sandbox = await service.Client.CreateSandboxAsync(new SandboxOptions { Lifetime = TimeSpan.FromDays(30) }, Cancellation);
        Assert.Contains("timeout_seconds", Assert.Single(sandbox.Warnings), StringComparison.Ordinal);
        var limited = await sandbox.RunAsync("1", new RunOptions { Timeout = TimeSpan.FromDays(30) }, Cancellation);
        Assert.Contains("timeout_seconds", Assert.Single(limited.Warnings), StringComparison.Ordinal);
        var e = await Assert.ThrowsAsync<InvalidRequestException>(() => sandbox.RunAsync("1", new RunOptions { Env = Pair("a=b", "c") }, Cancellation));
        Assert.Contains(e.Errors.Keys, field => field.StartsWith("env", StringComparison.Ordinal));
        Assert.Matches("^[0-9a-f]{32}$", e.TraceId);
        await Assert.ThrowsAsync<TemplateNotFoundException>(() => service.Client.CreateSandboxAsync(new SandboxOptions { Template = "nowhere" }, Cancellation));
    }

    [Fact]
    public async Task Cancelling_a_run_interrupts_it_and_keeps_the_state()
    {
        await using var sandbox = await service.Client.CreateSandboxAsync(cancellationToken: Cancellation);
        using var cancel = new CancellationTokenSource();
        var running = ReadAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => running);
        var replay = await UntilEndedAsync(sandbox);
        Assert.Equal((130, ExitReason.Interrupted), (replay.Code, replay.Reason));
        Assert.Equal("7\n", (await sandbox.RunAsync("print(x)", cancellationToken: Cancellation)).Stdout);

        async Task ReadAsync()
        {
            await foreach (var e in sandbox.RunStreamAsync("x = 7\nprint(1, flush=True)\nwhile True: pass", cancellationToken: cancel.Token))
            {
                if (e is StdoutEvent) await cancel.CancelAsync();
            }
        }
    }

    [Fact]
    public async Task Cancelling_a_result_interrupts_also_a_run_that_waits()
    {
        await using var sandbox = await service.Client.CreateSandboxAsync(cancellationToken: Cancellation);
        using var blocker = await sandbox.StartRunAsync("import time\nwhile True: time.sleep(0.01)", cancellationToken: Cancellation);
        using var cancel = new CancellationTokenSource();
        var waiting = sandbox.RunAsync("print('never')", cancellationToken: cancel.Token);
        // Accepted, and queued behind the first.
        await Until.TrueAsync(async () => (await sandbox.GetRun(blocker.Id).GetInfoAsync(Cancellation)).StartedAt is not null, "the first run has started");
        cancel.CancelAfter(TimeSpan.FromMilliseconds(200));
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => waiting);
        await blocker.InterruptAsync(Cancellation);
        await blocker.ReadEventsAsync(cancellationToken: Cancellation).CountAsync(Cancellation);
        var replay = await sandbox.ReplayAsync(Cancellation);
        Assert.DoesNotContain(replay, e => e.Event is StdoutEvent { Data: "never\n" });
    }

    [Fact]
    public async Task Leaving_a_stream_early_lets_the_run_go_on()
    {
        await using var sandbox = await service.Client.CreateSandboxAsync(cancellationToken: Cancellation);
        await foreach (var _ in sandbox.RunStreamAsync("print(1)\nimport time; time.sleep(0.2)\nprint(2)", cancellationToken: Cancellation)) break;
        Assert.Equal(0, (await UntilEndedAsync(sandbox)).Code);
    }

    [Fact]
    public async Task A_cancelled_create_leaves_no_sandbox()
    {
        var mark = Pair("mark", Guid.NewGuid().ToString("N"));
        using var cancel = new CancellationTokenSource();

        // Of a size that no pool keeps ready, so that there is something to cancel.
        var creating = service.Client.CreateSandboxAsync(new SandboxOptions { Metadata = mark, RamMib = 300 }, cancel.Token);
        await cancel.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => creating);
        Assert.Empty(await service.Client.ListSandboxesAsync(new SandboxQuery { Metadata = mark, State = SandboxState.Ready }, Cancellation).ToListAsync(Cancellation));
    }

    [Fact]
    public async Task A_sandbox_deleted_under_its_run_ends_it()
    {
        var sandbox = await service.Client.CreateSandboxAsync(cancellationToken: Cancellation);
        using var run = await sandbox.StartRunAsync("print(1, flush=True)\nwhile True: pass", cancellationToken: Cancellation);
        ExitEvent? exit = null;
        await foreach (var e in run.ReadEventsAsync(cancellationToken: Cancellation))
        {
            if (e is StdoutEvent) await sandbox.DeleteAsync(Cancellation);
            exit = e as ExitEvent;
        }

        Assert.Equal((137, ExitReason.Killed), (exit!.Code, exit.Reason));
    }

    [Fact]
    public async Task A_server_that_is_not_there_is_told_soon_and_clearly()
    {
        using var client = service.Connect(o => (o.BaseAddress, o.MaxRetries) = (new Uri($"http://127.0.0.1:{Ports.Free()}"), 1));
        var e = await Assert.ThrowsAsync<PodflareConnectionException>(() => client.CreateSandboxAsync(cancellationToken: Cancellation));
        Assert.False(e.MayHaveArrived);
    }

    private static Dictionary<string, string> Pair(string name, string value) => new() { [name] = value };

    private static async Task<ExitEvent> UntilEndedAsync(Sandbox sandbox)
    {
        ExitEvent? exit = null;
        await Until.TrueAsync(async () => (exit = (await sandbox.ReplayAsync(Cancellation)).Select(e => e.Event).OfType<ExitEvent>().FirstOrDefault()) is not null, "the run has ended");
        return exit!;
    }
}
