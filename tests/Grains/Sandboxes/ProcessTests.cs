using Podflare.Guests;
using Podflare.Harness;
using Podflare.Runs;

namespace Podflare.Sandboxes;

/// <summary>Processes and terminals, and what dies under them.</summary>
public sealed class ProcessTests
{
    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    [Fact]
    public async Task A_process_starts_at_once_and_ends_as_its_signal_says()
    {
        await using var cluster = await GrainCluster.StartAsync();
        var sandbox = await cluster.CreateAsync();
        var gate = new Gate();
        var code = await sandbox.StartRunAsync(program => program.Wait(gate));

        var process = await sandbox.StartProcessAsync(program => program.Print("a\n").RunForever(), change: request => request with { Tag = "server" });
        var lines = await process.ReadAsync(2);
        Assert.Equal([("start", "42"), ("stdout", "a\n")], lines.Select(line => (line.Type, line.Data)));
        var info = await process.GetAsync();
        Assert.Equal((RunKind.Process, RunState.Running, "server", null, RunRequest.NoTimeout), (info.Kind, info.State, info.Tag, info.Context, info.Timeout));
        Assert.Equal((42, "/tmp", 0L, false), (info.Pid, info.Cwd, info.StdinOffset, info.IsTerminal));
        Assert.Equal(["bash", "-c"], info.Argv.Take(2));

        await sandbox.Grain.Signal(GrainCluster.Tenant, process.Id, "SIGTERM", SignalScope.Process, Cancel);
        var outcome = await process.ReadToEndAsync();
        Assert.Equal(143, outcome.ExitCode);
        Assert.Contains("\"signal\":\"SIGTERM\"", outcome.Lines[^1].Json, StringComparison.Ordinal);
        Assert.Equal(("SIGTERM", null), ((await process.GetAsync()).Signal, (await process.GetAsync()).Pid));
        Assert.Equal(["""{"signal":"SIGTERM","scope":"process"}"""], sandbox.Guest.Signals);
        gate.Open();
        Assert.Equal(0, (await code.ReadToEndAsync()).ExitCode);
        await cluster.AgreesAsync();
    }

    [Fact]
    public async Task Processes_are_found_by_id_after_their_worker_has_started_again()
    {
        await using var cluster = await GrainCluster.StartAsync();
        var sandbox = await cluster.CreateAsync();
        var gate = new Gate();
        var process = await sandbox.StartProcessAsync(program => program.Wait(gate).Print("a\n"), change: request => request with { Tag = "server" });
        await process.ReadAsync(1);
        Task<RunInfo> FindAsync(ProcessSelector selector, bool orEnded) =>
            Patience.CallAsync(() => sandbox.Grain.AsReference<IProcessExtension>().Find(GrainCluster.Tenant, selector, orEnded, Cancel));

        await sandbox.Worker.RestartAsync();
        // Only the guest knows this process id, and it has not connected to the new activation yet.
        Assert.Equal((process.Id, 42), ((await FindAsync(new ProcessSelector(42, null), orEnded: false)).Id, (await process.GetAsync()).Pid));

        gate.Open();
        await process.ReadToEndAsync();
        await sandbox.Worker.RestartAsync();
        Assert.Equal((process.Id, RunState.Ended), ((await FindAsync(new ProcessSelector(42, null), orEnded: true)).Id, (await process.GetAsync()).State));
        Assert.Equal(process.Id, (await FindAsync(new ProcessSelector(null, "server"), orEnded: true)).Id);
        await Assert.ThrowsAsync<RunNotFoundException>(() => FindAsync(new ProcessSelector(42, null), orEnded: false));
        await Assert.ThrowsAsync<RunNotFoundException>(() => FindAsync(new ProcessSelector(43, null), orEnded: true));
        await cluster.AgreesAsync();
    }

    [Fact]
    public async Task Input_that_is_repeated_with_its_offset_is_written_once()
    {
        await using var cluster = await GrainCluster.StartAsync();
        var sandbox = await cluster.CreateAsync();
        var process = await sandbox.StartProcessAsync(program => program.EchoInput(6));
        sandbox.Guest.LosesNextStdinAnswer = true;

        // The guest has counted the bytes, and the connection breaks before it says so: the request comes again on the next one.
        Assert.Equal(3, await sandbox.Grain.WriteStdin(GrainCluster.Tenant, process.Id, new StdinChunk("abc"u8.ToArray(), Offset: 0), Cancel));
        Assert.Equal(3, (await process.GetAsync()).StdinOffset);
        Assert.Equal(6, await sandbox.Grain.WriteStdin(GrainCluster.Tenant, process.Id, new StdinChunk("bcdef"u8.ToArray(), IsEnd: true, Offset: 1), Cancel));

        Assert.Equal("abcdef", (await process.ReadToEndAsync()).Output);
    }

    [Fact]
    public async Task Input_without_an_offset_is_not_repeated()
    {
        await using var cluster = await GrainCluster.StartAsync();
        var sandbox = await cluster.CreateAsync();
        var process = await sandbox.StartProcessAsync(program => program.EchoInput(6));
        sandbox.Guest.LosesNextStdinAnswer = true;

        await Assert.ThrowsAsync<SandboxUnreachableException>(() => sandbox.Grain.WriteStdin(GrainCluster.Tenant, process.Id, new StdinChunk("abc"u8.ToArray()), Cancel));
        Assert.Equal(6, await sandbox.Grain.WriteStdin(GrainCluster.Tenant, process.Id, new StdinChunk("def"u8.ToArray()), Cancel));

        Assert.Equal("abcdef", (await process.ReadToEndAsync()).Output);
    }

    [Fact]
    public async Task Input_that_cannot_be_written_is_refused_with_what_was_accepted()
    {
        await using var cluster = await GrainCluster.StartAsync();
        var sandbox = await cluster.CreateAsync();
        var gate = new Gate();
        var process = await sandbox.StartProcessAsync(program => program.Wait(gate));
        var closed = await sandbox.StartProcessAsync(program => program.Wait(gate), stdin: false);
        Task<long> WriteAsync(TestRun run, byte[] bytes, long? offset) => sandbox.Grain.WriteStdin(GrainCluster.Tenant, run.Id, new StdinChunk(bytes, false, offset), Cancel);

        await WriteAsync(process, "abc"u8.ToArray(), 0);
        Assert.Equal(3, (await Assert.ThrowsAsync<StdinOffsetException>(() => WriteAsync(process, "x"u8.ToArray(), 4))).Offset);
        Assert.Equal(3, (await Assert.ThrowsAsync<StdinFullException>(() => WriteAsync(process, new byte[StdinChunk.MaxBytes], 3))).Offset);
        await Assert.ThrowsAsync<InvalidRequestException>(() => WriteAsync(process, new byte[StdinChunk.MaxBytes + 1], 3));
        await Assert.ThrowsAsync<StdinClosedException>(() => WriteAsync(closed, "x"u8.ToArray(), 0));
        await Assert.ThrowsAsync<RunNotFoundException>(() => WriteAsync(sandbox.Run(RunId.New()), "x"u8.ToArray(), 0));
        gate.Open();
        await process.ReadToEndAsync();
        await Assert.ThrowsAsync<RunEndedException>(() => WriteAsync(process, "x"u8.ToArray(), 3));
    }

    [Fact]
    public async Task A_terminal_gives_its_bytes_and_takes_sizes()
    {
        await using var cluster = await GrainCluster.StartAsync();
        var sandbox = await cluster.CreateAsync();
        var gate = new Gate();
        var terminal = await sandbox.StartProcessAsync(program => program.PrintTerminal("$ ").Wait(gate), new TerminalSize(80, 24));
        var process = await sandbox.StartProcessAsync(program => program.Wait(gate));

        Assert.Equal(("pty", Convert.ToBase64String("$ "u8)), (await terminal.ReadAsync(2))[1] is var line ? (line.Type, line.Data) : default);
        Assert.True((await terminal.GetAsync()).IsTerminal);
        await sandbox.Grain.Resize(GrainCluster.Tenant, terminal.Id, new TerminalSize(100, 30), Cancel);
        Assert.Equal(["""{"cols":100,"rows":30}"""], sandbox.Guest.Signals);
        await Assert.ThrowsAsync<NotATerminalException>(() => sandbox.Grain.Resize(GrainCluster.Tenant, process.Id, new TerminalSize(100, 30), Cancel));
        await Assert.ThrowsAsync<InvalidRequestException>(() => sandbox.Grain.Resize(GrainCluster.Tenant, terminal.Id, new TerminalSize(0, 30), Cancel));
        await Assert.ThrowsAsync<InvalidRequestException>(() => sandbox.Grain.Signal(GrainCluster.Tenant, terminal.Id, "SIGSEGV", SignalScope.Group, Cancel));
    }

    // The guest holds it all: the next activation continues, and nobody is told anything twice.
    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task A_process_outlives_its_worker(bool isTerminal)
    {
        await using var cluster = await GrainCluster.StartAsync();
        var sandbox = await cluster.CreateAsync();
        var gate = new Gate();
        var process = await sandbox.StartProcessAsync(
            program => (isTerminal ? program.PrintTerminal("before") : program.Print("before\n")).Wait(gate).EchoInput(6).Exit(3), isTerminal ? new TerminalSize(80, 24) : null);
        await process.ReadAsync(2);
        await sandbox.Grain.WriteStdin(GrainCluster.Tenant, process.Id, new StdinChunk("abc"u8.ToArray(), Offset: 0), Cancel);

        await sandbox.Worker.KillAsync();
        gate.Open();
        await sandbox.Worker.StartAsync();
        await cluster.WaitForHostsAsync();

        Assert.Equal(3, await Patience.CallAsync(() => sandbox.Grain.WriteStdin(GrainCluster.Tenant, process.Id, new StdinChunk("abc"u8.ToArray(), Offset: 0), Cancel)));
        var info = await process.GetAsync();
        Assert.Equal((RunKind.Process, RunState.Running, 3L, isTerminal), (info.Kind, info.State, info.StdinOffset, info.IsTerminal));
        await sandbox.Grain.WriteStdin(GrainCluster.Tenant, process.Id, new StdinChunk("def"u8.ToArray(), IsEnd: true, Offset: 3), Cancel);
        var outcome = await process.ReadToEndAsync();
        Assert.Equal(["start", isTerminal ? "pty" : "stdout", "stdout", "exit"], outcome.Lines.Select(line => line.Type));
        Assert.Equal((3, true), (outcome.ExitCode, outcome.IsGapless));
        Assert.EndsWith("abcdef", outcome.Output, StringComparison.Ordinal);
        Assert.Equal([process.Id], sandbox.Guest.Executed);
        await cluster.AgreesAsync();
    }

    [Fact]
    public async Task The_end_of_the_sandbox_ends_every_kind_of_run()
    {
        await using var cluster = await GrainCluster.StartAsync();
        var sandbox = await cluster.CreateAsync();
        var code = await sandbox.StartRunAsync(program => program.RunForever());
        var process = await sandbox.StartProcessAsync(program => program.RunForever());
        sandbox.Guest.SendLate(null, "late\n");
        var background = sandbox.Run(RunId.ForBackground(sandbox.Id));
        await background.ReadAsync(1);

        await sandbox.DeleteAsync();

        foreach (var run in new[] { code, process, background })
        {
            var outcome = await run.ReadToEndAsync();
            Assert.Equal((137, "killed"), (outcome.ExitCode, outcome.Reason));
        }

        await cluster.AgreesAsync();
    }

    [Fact]
    public async Task Only_as_many_runs_are_open_as_may_be()
    {
        await using var cluster = await GrainCluster.StartAsync(configure: settings =>
        {
            settings["Podflare:Runs:MaxOpen"] = "3";
            settings["Podflare:Runs:MaxWatches"] = "1";
        });
        var sandbox = await cluster.CreateAsync();
        var gate = new Gate();
        Task<TestRun> WatchAsync() => sandbox.StartProcessAsync(
            program => program.Wait(gate), stdin: false,
            change: request => request with { Kind = RunKind.Watch, Process = null, Watch = new WatchSpec(Files.FilePath.Home, false) });

        await WatchAsync();
        Assert.Contains("1 open", (await Assert.ThrowsAsync<RunQueueFullException>(WatchAsync)).Message, StringComparison.Ordinal);
        await sandbox.StartProcessAsync(program => program.Wait(gate));
        await sandbox.StartRunAsync(program => program.Wait(gate));
        Assert.Contains("3 open", (await Assert.ThrowsAsync<RunQueueFullException>(() => sandbox.StartProcessAsync(program => program))).Message, StringComparison.Ordinal);
        gate.Open();
        await Until.TrueAsync(async () => (await sandbox.Grain.ListRuns(GrainCluster.Tenant, new RunFilter(State: RunState.Ended), Cancel)).Runs.Length == 3);
        await WatchAsync();
    }

    // A server that was left running does not keep its sandbox; a reader does, and so does code.
    [Fact]
    public async Task A_process_without_timeout_does_not_keep_its_sandbox_from_being_idle()
    {
        await using var cluster = await GrainCluster.StartAsync();
        var sandbox = await cluster.CreateAsync(spec => spec with { IdleLimit = TimeSpan.FromMinutes(10) });
        var kept = await cluster.CreateAsync(spec => spec with { IdleLimit = TimeSpan.FromMinutes(10) });
        var process = await sandbox.StartProcessAsync(program => program.RunForever());
        await kept.StartProcessAsync(program => program.RunForever(), change: request => request with { KeepAlive = true });

        await cluster.Clock.AdvanceUntilAsync(
            async () => (await sandbox.GetAsync()).EndReason is EndReason.Idle, step: TimeSpan.FromSeconds(30), limit: TimeSpan.FromMinutes(15));

        Assert.Equal("expired", (await process.ReadToEndAsync()).Reason);
        Assert.Null((await kept.GetAsync()).EndReason);
    }

    [Fact]
    public async Task A_process_without_timeout_is_not_ended_by_the_worker()
    {
        await using var cluster = await GrainCluster.StartAsync();
        var sandbox = await cluster.CreateAsync();
        var gate = new Gate();
        var process = await sandbox.StartProcessAsync(program => program.Wait(gate), change: request => request with { KeepAlive = true });
        await process.ReadAsync(1);

        // Where it had one, the worker would enforce it after the grace period and ten seconds more.
        var until = cluster.Clock.GetUtcNow() + TimeSpan.FromMinutes(5);
        await cluster.Clock.AdvanceUntilAsync(() => cluster.Clock.GetUtcNow() >= until, step: TimeSpan.FromSeconds(5), limit: TimeSpan.FromMinutes(10));
        gate.Open();

        Assert.Equal(0, (await process.ReadToEndAsync()).ExitCode);
    }
}
