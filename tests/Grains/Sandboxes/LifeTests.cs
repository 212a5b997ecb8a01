using Podflare.Guests;
using Podflare.Harness;
using Podflare.Runs;

namespace Podflare.Sandboxes;

/// <summary>The ordinary life of a sandbox.</summary>
public sealed class LifeTests
{
    [Fact]
    public async Task A_run_gives_its_output_and_its_exit_code()
    {
        await using var cluster = await GrainCluster.StartAsync();
        var sandbox = await cluster.CreateAsync();

        var run = await sandbox.RunAsync(program => program.Print("a\nb\n").PrintError("c\n").Exit(3));

        Assert.Equal("a\nb\n", run.Output);
        Assert.Equal("c\n", run.Errors);
        Assert.Equal((3, null), (run.ExitCode, run.Reason));
        Assert.Equal([1, 2, 3, 4], run.Lines.Select(line => line.Seq));
        await Until.TrueAsync(() => sandbox.Guest.Unacknowledged == 0);
        await cluster.AgreesAsync();
    }

    [Fact]
    public async Task A_run_that_nobody_reads_is_interrupted_where_its_client_wants_it()
    {
        await using var cluster = await GrainCluster.StartAsync();
        var sandbox = await cluster.CreateAsync();
        var run = await sandbox.StartRunAsync(program => program.Print("a\n").Wait(new Gate()), onDisconnect: OnDisconnect.Interrupt);

        await cluster.Clock.AdvanceUntilAsync(async () => (await run.GetAsync()).State is RunState.Ended, step: TimeSpan.FromSeconds(1), limit: TimeSpan.FromMinutes(1));

        Assert.Equal("interrupted", (await run.ReadToEndAsync()).Reason);
    }

    [Fact]
    public async Task A_repeated_key_joins_the_run_and_the_sandbox_that_it_has_made()
    {
        await using var cluster = await GrainCluster.StartAsync();
        var (sandbox, joined) = await cluster.CreateAsync("create-1");
        var (same, joinedAgain) = await cluster.CreateAsync("create-1");
        var request = sandbox.Request(program => program.Print("once\n"));
        var id = RunId.FromKey(GrainCluster.Tenant, sandbox.Id, "run-1");

        var first = await sandbox.StartRunAsync(id, request);
        var second = await sandbox.StartRunAsync(id, request);

        Assert.Equal((false, true, sandbox.Id), (joined, joinedAgain, same.Id));
        Assert.Equal((false, true), (first.Joined, second.Joined));
        Assert.Equal("once\n", (await second.ReadToEndAsync()).Output);
        Assert.Equal([id], sandbox.Guest.Executed);
        Assert.Single(sandbox.Worker.Engine.Containers);
    }

    [Fact]
    public async Task A_delete_kills_the_open_run_and_removes_the_container()
    {
        await using var cluster = await GrainCluster.StartAsync();
        var sandbox = await cluster.CreateAsync();
        var run = await sandbox.StartRunAsync(program => program.Print("a\n").RunForever());
        await run.ReadAsync(1);

        await sandbox.DeleteAsync();

        var outcome = await run.ReadToEndAsync();
        Assert.Equal(("a\n", 137, "killed"), (outcome.Output, outcome.ExitCode, outcome.Reason));
        Assert.Equal((SandboxState.Ended, EndReason.Deleted), ((await sandbox.GetAsync()).State, (await sandbox.GetAsync()).EndReason));
        await cluster.AgreesAsync();
        Assert.Empty(cluster.Worker(0).Engine.Containers);
    }

    [Fact]
    public async Task A_sandbox_expires_when_its_lifetime_is_over()
    {
        await using var cluster = await GrainCluster.StartAsync();
        var sandbox = await cluster.CreateAsync(spec => spec with { Lifetime = TimeSpan.FromHours(1) });
        var run = await sandbox.StartRunAsync(program => program.RunForever(), timeout: TimeSpan.FromHours(10));

        cluster.Clock.Advance(TimeSpan.FromMinutes(59));
        Assert.Equal(SandboxState.Ready, (await sandbox.GetAsync()).State);
        cluster.Clock.Advance(TimeSpan.FromMinutes(2));

        var outcome = await run.ReadToEndAsync();
        Assert.Equal((137, "expired"), (outcome.ExitCode, outcome.Reason));
        await cluster.AgreesAsync();
        Assert.Equal(EndReason.Expired, (await sandbox.GetAsync()).EndReason);
    }

    [Fact]
    public async Task A_sandbox_without_an_open_run_ends_after_its_idle_limit()
    {
        await using var cluster = await GrainCluster.StartAsync();
        var sandbox = await cluster.CreateAsync(spec => spec with { IdleLimit = TimeSpan.FromMinutes(5) });
        var gate = new Gate();
        var run = await sandbox.StartRunAsync(program => program.Wait(gate));
        await Until.TrueAsync(async () => (await run.GetAsync()).State is RunState.Running);
        cluster.Clock.Advance(TimeSpan.FromMinutes(6));
        Assert.Equal(RunState.Running, (await run.GetAsync()).State);
        gate.Open();
        await run.ReadToEndAsync();

        // The grain hears of the end a moment after the reader.
        await cluster.Clock.AdvanceUntilAsync(async () => (await sandbox.GetAsync()).State is SandboxState.Ended, TimeSpan.FromMinutes(1), TimeSpan.FromMinutes(7));

        Assert.Equal(EndReason.Idle, (await sandbox.GetAsync()).EndReason);
        await cluster.AgreesAsync();
    }

    [Fact]
    public async Task A_container_that_dies_makes_its_sandbox_lost()
    {
        await using var cluster = await GrainCluster.StartAsync();
        var sandbox = await cluster.CreateAsync();
        var run = await sandbox.StartRunAsync(program => program.Print("a\n").RunForever());
        await run.ReadAsync(1);

        await sandbox.Worker.Engine.StopAsync(sandbox.Id);

        var outcome = await run.ReadToEndAsync();
        Assert.Equal((255, "lost"), (outcome.ExitCode, outcome.Reason));
        await cluster.AgreesAsync();
        Assert.Equal(SandboxState.Lost, (await sandbox.GetAsync()).State);
    }

    [Fact]
    public async Task A_guest_that_dials_again_loses_no_event_and_repeats_none()
    {
        await using var cluster = await GrainCluster.StartAsync();
        var sandbox = await cluster.CreateAsync();
        var gate = new Gate();
        var run = await sandbox.StartRunAsync(program => program.PrintLines(100, "before ").Wait(gate).PrintLines(100, "after "));
        await run.ReadAsync(100);

        sandbox.Guest.StayAway();
        gate.Open();
        await Until.TrueAsync(() => sandbox.Guest.Unacknowledged > 0);
        sandbox.Guest.ComeBack();

        var outcome = await run.ReadToEndAsync();
        Assert.Equal(Enumerable.Range(1, 201).Select(seq => (long)seq), outcome.Lines.Select(line => line.Seq));
    }
}
