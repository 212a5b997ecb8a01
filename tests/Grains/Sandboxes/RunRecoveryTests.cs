using Podflare.Guests;
using Podflare.Harness;
using Podflare.Runs;

namespace Podflare.Sandboxes;

/// <summary>Runs whose records the store has lost.</summary>
public sealed class RunRecoveryTests
{
    [Fact]
    public async Task A_repeated_key_whose_run_the_store_has_lost_ends_lost()
    {
        await using var cluster = await GrainCluster.StartAsync();
        var sandbox = await cluster.CreateAsync();
        var id = RunId.FromKey(GrainCluster.Tenant, sandbox.Id, "key");
        var request = sandbox.Request(program => program.Print("once\n"));
        await (await sandbox.StartRunAsync(id, request)).ReadToEndAsync();
        await Until.TrueAsync(() => sandbox.Guest.Unacknowledged == 0);
        await sandbox.Worker.RestartAsync();
        await cluster.WaitForHostsAsync();
        cluster.Log.LoseRun(sandbox.Id, id);

        var reading = (await sandbox.StartRunAsync(id, request)).ReadToEndAsync();

        await cluster.Clock.AdvanceUntilAsync(() => reading.IsCompleted, step: TimeSpan.FromSeconds(1), limit: TimeSpan.FromMinutes(10));
        var outcome = await reading;
        Assert.Equal((255, "lost"), (outcome.ExitCode, outcome.Reason));
        Assert.Equal([id], sandbox.Guest.Executed);
    }

    [Fact]
    public async Task A_run_record_that_cannot_be_read_keeps_neither_its_sandbox_nor_its_host_from_serving()
    {
        await using var cluster = await GrainCluster.StartAsync();
        var sandbox = await cluster.CreateAsync();
        var gate = new Gate();
        var unreadable = await sandbox.StartRunAsync(program => program.Print("a\n").Wait(gate));
        await unreadable.ReadAsync(1);
        await sandbox.Worker.KillAsync();
        cluster.Log.MakeUnreadable(unreadable.Id);

        await sandbox.Worker.StartAsync();
        gate.Open();

        Assert.Equal("b\n", (await sandbox.RunAsync(program => program.Print("b\n"))).Output);
        Assert.Equal("c\n", (await (await cluster.CreateAsync()).RunAsync(program => program.Print("c\n"))).Output);
    }

    [Fact]
    public async Task A_run_that_its_guest_reports_as_ended_keeps_its_end_while_the_frames_are_on_their_way()
    {
        await using var cluster = await GrainCluster.StartAsync();
        var sandbox = await cluster.CreateAsync();
        var (id, request) = (RunId.New(), sandbox.Request(program => program.Print("a\n").Exit(3)));
        sandbox.Guest.HoldFrames();
        sandbox.Guest.LosesAnswers = true;
        var starting = sandbox.Grain.StartRun(GrainCluster.Tenant, id, request, TestContext.Current.CancellationToken);
        await Until.TrueAsync(() => sandbox.Guest.LastNumber == 2);
        await cluster.Clock.AdvanceUntilAsync(() => starting.IsCompleted, step: TimeSpan.FromSeconds(1), limit: TimeSpan.FromMinutes(1));
        await Assert.ThrowsAsync<SandboxUnreachableException>(() => starting);
        sandbox.Guest.LosesAnswers = false;

        // The client repeats its request, and the guest answers that it knows the run and that the run has ended.
        var run = await sandbox.StartRunAsync(id, request);
        var reading = run.ReadToEndAsync();
        for (var i = 0; i < 10; i++)
        {
            cluster.Clock.Advance(TimeSpan.FromSeconds(1));
            await run.GetAsync();
        }

        Assert.False(reading.IsCompleted, "The run was given up.");
        sandbox.Guest.ReleaseFrames();

        var outcome = await reading;
        Assert.Equal(("a\n", 3, null), (outcome.Output, outcome.ExitCode, outcome.Reason));
        Assert.Equal([id], sandbox.Guest.Executed);
    }

    [Fact]
    public async Task A_reader_of_a_run_that_never_began_is_not_left_waiting()
    {
        await using var cluster = await GrainCluster.StartAsync();
        var sandbox = await cluster.CreateAsync();
        sandbox.Guest.IgnoresRequests = true;
        var id = RunId.New();
        var starting = sandbox.Grain.StartRun(GrainCluster.Tenant, id, sandbox.Request(program => program), TestContext.Current.CancellationToken);
        await Until.TrueAsync(async () => await cluster.Log.FindAsync(sandbox.Id, id) is not null);
        var reading = sandbox.Run(id).ReadToEndAsync();

        await cluster.Clock.AdvanceUntilAsync(() => reading.IsCompleted, step: TimeSpan.FromSeconds(1), limit: TimeSpan.FromMinutes(10));

        await Assert.ThrowsAsync<SandboxUnreachableException>(() => starting);
        try
        {
            Assert.Equal("lost", (await reading).Reason);
        }
        catch (RunNotFoundException)
        {
            // It was withdrawn before the reader had subscribed.
        }
    }
}
