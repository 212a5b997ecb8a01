using System.Collections.Immutable;
using System.Text;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Options;
using Podflare.Contexts;
using Podflare.Guests;
using Podflare.Harness;
using Podflare.Runs;
using Podflare.Sandboxes;
using Podflare.Stores;

namespace Podflare.GrainClient;

/// <summary>The grain client's calls for every kind of run, and what a canceled call leaves behind.</summary>
public sealed class SandboxesTests
{
    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    [Fact]
    public async Task A_process_gets_its_input_its_signal_and_its_place_in_the_list()
    {
        await using var cluster = await GrainCluster.StartAsync();
        var client = Connect(cluster);
        var sandbox = await cluster.CreateAsync();
        var process = Process(cluster, program => program.EchoInput(6).RunForever()) with { Stdin = true, Tag = "echo" };
        var run = await client.StartProcessAsync(sandbox.Id, process, Cancel);
        Assert.Equal(3, await client.WriteStdinAsync(sandbox.Id, run, "abc"u8.ToArray(), offset: 0, cancellationToken: Cancel));
        Assert.Equal(3, await client.WriteStdinAsync(sandbox.Id, run, "abc"u8.ToArray(), offset: 0, cancellationToken: Cancel));
        Assert.Equal(6, await client.WriteStdinAsync(sandbox.Id, run, "def"u8.ToArray(), endOfFile: true, cancellationToken: Cancel));
        var other = await client.StartRunAsync(sandbox.Id, Code(cluster, program => program), cancellationToken: Cancel);

        Assert.Equal(run, Assert.Single(await AllAsync(client.ListRunsAsync(sandbox.Id, new RunFilter(Tag: "echo"), Cancel))).Id);
        Assert.Equal([other, run], (await AllAsync(client.ListRunsAsync(sandbox.Id, new RunFilter(Limit: 1), Cancel))).Select(info => info.Id));
        await client.SignalAsync(sandbox.Id, run, "SIGTERM", SignalScope.All, Cancel);

        var events = await AllAsync(client.ReadEventsAsync(sandbox.Id, run, 0, Cancel));
        Assert.Equal(42, Assert.IsType<StartEvent>(events[0]).ProcessId);
        Assert.Equal("abcdef", string.Concat(events.OfType<StdoutEvent>().Select(e => e.Data)));
        Assert.Equal((143, "SIGTERM"), Assert.IsType<ExitEvent>(events[^1]) is var exit ? (exit.Code, exit.Signal) : default);
        await Assert.ThrowsAsync<RunEndedException>(() => client.WriteStdinAsync(sandbox.Id, run, "x"u8.ToArray(), cancellationToken: Cancel));
    }

    [Fact]
    public async Task A_process_has_a_result()
    {
        await using var cluster = await GrainCluster.StartAsync();
        var client = Connect(cluster);
        var sandbox = await cluster.CreateAsync();
        var result = await client.RunProcessAsync(sandbox.Id, Process(cluster, program => program.Print("a\n").PrintError("b\n").Exit(3)), Cancel);
        Assert.Equal(("a\n", "b\n", 3), (result.Stdout, result.Stderr, result.Exit.Code));
        var types = (await AllAsync(client.RunProcessStreamAsync(sandbox.Id, Process(cluster, program => program.Print("a\n")), Cancel))).Select(e => e.GetType());
        Assert.Equal([typeof(StartEvent), typeof(StdoutEvent), typeof(ExitEvent)], types);
    }

    [Fact]
    public async Task A_terminal_gives_its_bytes_and_takes_sizes()
    {
        await using var cluster = await GrainCluster.StartAsync();
        var client = Connect(cluster);
        var sandbox = await cluster.CreateAsync();
        var process = Process(cluster, program => program.PrintTerminal("$ ").RunForever()) with { Terminal = new TerminalSize(80, 24) };
        var run = await client.StartProcessAsync(sandbox.Id, process, Cancel);
        await foreach (var e in client.ReadEventsAsync(sandbox.Id, run, 0, Cancel))
        {
            if (e is TerminalEvent shown)
            {
                Assert.Equal("$ ", Encoding.UTF8.GetString(shown.Data.Span));
                break;
            }
        }

        await client.ResizeAsync(sandbox.Id, run, new TerminalSize(100, 30), Cancel);
        Assert.Equal(["""{"cols":100,"rows":30}"""], sandbox.Guest.Signals);
        await client.InterruptAsync(sandbox.Id, run, TimeSpan.FromSeconds(1), Cancel);
        await Until.TrueAsync(async () => (await client.GetRunAsync(sandbox.Id, run, Cancel)).Reason is ExitReason.Interrupted);
    }

    [Fact]
    public async Task Contexts_are_created_used_interrupted_and_deleted()
    {
        await using var cluster = await GrainCluster.StartAsync();
        var client = Connect(cluster);
        var sandbox = await cluster.CreateAsync();
        var spec = new ContextSpec(null, RunLanguage.Python, null, ImmutableSortedDictionary<string, string>.Empty);
        var context = await client.CreateContextAsync(sandbox.Id, spec, Cancel);
        Assert.Equal([context.Id.Value, "python"], (await client.ListContextsAsync(sandbox.Id, Cancel)).Select(info => info.Id.Value).Order(StringComparer.Ordinal));

        var run = await client.StartRunAsync(sandbox.Id, Code(cluster, program => program.Print("a\n").RunForever()), new RunRequestOptions { Context = context.Id.Value }, Cancel);
        await Until.TrueAsync(async () => (await client.InterruptContextAsync(sandbox.Id, context.Id, cancellationToken: Cancel)).Contains(run));
        Assert.Equal(ContextState.Idle, (await client.RestartContextAsync(sandbox.Id, context.Id, Cancel)).State);

        await client.DeleteContextAsync(sandbox.Id, context.Id, Cancel);
        await client.DeleteContextAsync(sandbox.Id, context.Id, Cancel);
        await Assert.ThrowsAsync<ContextRequiredException>(() => client.DeleteContextAsync(sandbox.Id, ContextId.Default, Cancel));
        await Assert.ThrowsAsync<ContextNotFoundException>(() => client.RestartContextAsync(sandbox.Id, context.Id, Cancel));
    }

    [Fact]
    public async Task Late_output_is_read_and_a_sandbox_is_changed()
    {
        await using var cluster = await GrainCluster.StartAsync();
        var client = Connect(cluster);
        var sandbox = await cluster.CreateAsync();
        sandbox.Guest.SendLate(null, "late\n");
        await foreach (var e in client.ReadBackgroundAsync(sandbox.Id, 0, Cancel))
        {
            Assert.Equal("late\n", Assert.IsType<StdoutEvent>(e).Data);
            break;
        }

        var update = new SandboxUpdate(Metadata: ImmutableSortedDictionary<string, string?>.Empty.Add("stage", "review"));
        Assert.Equal("review", (await client.UpdateAsync(sandbox.Id, update, Cancel)).Metadata["stage"]);
    }

    [Fact]
    public async Task A_canceled_call_returns_when_its_run_is_interrupted()
    {
        await using var cluster = await GrainCluster.StartAsync();
        var client = Connect(cluster);
        var sandbox = await cluster.CreateAsync();
        using var cancel = new CancellationTokenSource();
        var running = client.RunProcessAsync(sandbox.Id, Process(cluster, program => program.RunForever()), cancel.Token);
        await Until.TrueAsync(() => sandbox.Guest.Executed.Count == 1);

        await cancel.CancelAsync();

        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => running);
        Assert.Contains("Interrupt", sandbox.Guest.Requests);
    }

    [Fact]
    public async Task A_reader_that_leaves_does_not_interrupt_its_run()
    {
        await using var cluster = await GrainCluster.StartAsync();
        var client = Connect(cluster);
        var sandbox = await cluster.CreateAsync();
        var gate = new Gate();
        await foreach (var e in client.RunStreamAsync(sandbox.Id, Code(cluster, program => program.Print("a\n").Wait(gate)), cancellationToken: Cancel)) break;
        Assert.DoesNotContain("Interrupt", sandbox.Guest.Requests);
        gate.Open();
    }

    // The start is on its way when its caller gives up: nobody else would know of the run.
    [Fact]
    public async Task A_canceled_start_leaves_no_run()
    {
        await using var cluster = await GrainCluster.StartAsync();
        var client = Connect(cluster);
        var sandbox = await cluster.CreateAsync();
        using var held = cluster.Log.Hold(LogOperation.Accept, about: subject => subject.StartsWith(sandbox.Id.Value, StringComparison.Ordinal));
        using var cancel = new CancellationTokenSource();
        var starting = client.StartRunAsync(sandbox.Id, Code(cluster, program => program.RunForever()), cancellationToken: cancel.Token);
        await held.Reached;

        await cancel.CancelAsync();
        held.Dispose();

        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => starting);
        await Until.TrueAsync(async () => (await AllAsync(client.ListRunsAsync(sandbox.Id, cancellationToken: Cancel))).TrueForAll(run => run.State is RunState.Ended));
        Assert.Equal(0, (await sandbox.RunAsync(program => program)).ExitCode);
    }

    private static ISandboxes Connect(GrainCluster cluster)
    {
        var services = cluster.Frontend(0).Services;
        var options = Options.Create(new GrainClientOptions());
        return ActivatorUtilities.CreateInstance<Sandboxes>(services, GrainCluster.Tenant, options, new GrainCalls(options, services.GetRequiredService<TimeProvider>()));
    }

    private static string Code(GrainCluster cluster, Func<GuestProgram, GuestProgram> program) => cluster.Programs.Add(program(new GuestProgram()));

    private static ProcessRequestOptions Process(GrainCluster cluster, Func<GuestProgram, GuestProgram> program) => new() { Command = Code(cluster, program) };

    private static async Task<List<T>> AllAsync<T>(IAsyncEnumerable<T> items)
    {
        var all = new List<T>();
        await foreach (var item in items) all.Add(item);
        return all;
    }
}
