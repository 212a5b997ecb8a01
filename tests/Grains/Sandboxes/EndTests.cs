using Microsoft.Extensions.DependencyInjection;
using Podflare.Engine;
using Podflare.Guests;
using Podflare.Harness;
using Podflare.Hosts;
using Podflare.Runs;
using Podflare.Stores;

namespace Podflare.Sandboxes;

/// <summary>How sandboxes end when something fails on the way.</summary>
public sealed class EndTests
{
    [Fact]
    public async Task An_unexpected_failure_at_the_end_of_a_sandbox_is_repeated()
    {
        await using var cluster = await GrainCluster.StartAsync();
        var sandbox = await cluster.CreateAsync();
        var run = await sandbox.StartRunAsync(program => program.RunForever());
        using var failure = cluster.Log.FailNext(LogOperation.ListOpen, with: () => new InvalidOperationException("as no store should fail"));

        await sandbox.DeleteAsync();

        Assert.Equal((1, 137, "killed"), (failure.Hits, (await run.ReadToEndAsync()).ExitCode, (await run.ReadToEndAsync()).Reason));
        await cluster.AgreesAsync();
    }

    [Fact]
    public async Task A_socket_folder_that_cannot_be_removed_does_not_keep_a_sandbox_from_ending()
    {
        await using var cluster = await GrainCluster.StartAsync();
        var sandbox = await cluster.CreateAsync();
        var run = await sandbox.StartRunAsync(program => program.RunForever());
        using var folder = new UndeletableFolder(Path.Combine(sandbox.Worker.Machine!.Folder, "s", sandbox.Id.Tail));

        await sandbox.DeleteAsync();

        Assert.Equal("killed", (await run.ReadToEndAsync()).Reason);
        await cluster.AgreesAsync();
        Assert.Empty(cluster.Worker(0).Engine.Containers);
    }

    [Fact]
    public async Task A_run_record_that_cannot_be_read_does_not_keep_its_sandbox_from_ending()
    {
        await using var cluster = await GrainCluster.StartAsync();
        var sandbox = await cluster.CreateAsync();
        var unreadable = await sandbox.StartRunAsync(program => program.RunForever());
        var other = await sandbox.StartRunAsync(program => program.RunForever());
        cluster.Log.MakeUnreadable(unreadable.Id);
        await sandbox.Worker.RestartAsync();
        await cluster.WaitForHostsAsync();

        await sandbox.DeleteAsync();

        Assert.Equal("killed", (await other.ReadToEndAsync()).Reason);
        Assert.Equal(SandboxState.Ended, (await sandbox.GetAsync()).State);
    }

    [Fact]
    public async Task A_record_that_the_store_has_lost_is_written_again_by_its_owner()
    {
        await using var cluster = await GrainCluster.StartAsync();
        var sandbox = await cluster.CreateAsync();
        var run = await sandbox.StartRunAsync(program => program.Print("a\n").RunForever());
        await run.ReadAsync(1);
        Assert.True(cluster.Storage.Lose("sandbox", sandbox.Id.Value));

        await sandbox.Grain.Delete(GrainCluster.Tenant);

        Assert.Equal("killed", (await run.ReadToEndAsync()).Reason);
        Assert.Equal(EndReason.Deleted, (await sandbox.GetAsync()).EndReason);
        await cluster.AgreesAsync();
    }

    [Fact]
    public async Task The_open_runs_of_a_sandbox_without_a_record_end_lost()
    {
        await using var cluster = await GrainCluster.StartAsync();
        var sandbox = await cluster.CreateAsync();
        var run = await sandbox.StartRunAsync(program => program.Print("a\n").RunForever());
        await run.ReadAsync(1);
        var engine = sandbox.Worker.Engine;
        await sandbox.Worker.KillAsync();
        Assert.True(cluster.Storage.Lose("sandbox", sandbox.Id.Value));

        await cluster.Worker(0).StartAsync();

        await Until.TrueAsync(async () => (await cluster.Log.FindAsync(sandbox.Id, run.Id))?.Ending?.Reason is ExitReason.Lost);
        await Until.TrueAsync(() => engine.Containers.Count == 0);
        await Assert.ThrowsAsync<SandboxNotFoundException>(() => sandbox.GetAsync());
    }

    [Fact]
    public async Task A_write_whose_answer_was_lost_does_not_cost_a_sandbox_its_owner()
    {
        await using var cluster = await GrainCluster.StartAsync();
        var sandbox = await cluster.CreateAsync();
        var run = await sandbox.StartRunAsync(program => program.RunForever());
        using var lost = cluster.Storage.LoseAnswer(StorageOperation.Write, about: key => key.StartsWith("sandbox/", StringComparison.Ordinal));

        await sandbox.Grain.Delete(GrainCluster.Tenant);

        Assert.Equal((1, "killed"), (lost.Hits, (await run.ReadToEndAsync()).Reason));
        await cluster.AgreesAsync();
    }

    [Fact]
    public async Task A_store_that_goes_away_while_the_owner_is_checked_does_not_cost_a_sandbox_its_owner()
    {
        await using var cluster = await GrainCluster.StartAsync();
        var sandbox = await cluster.CreateAsync();
        var run = await sandbox.StartRunAsync(program => program.RunForever());
        cluster.Storage.Touch("sandbox", sandbox.Id.Value);
        using var away = cluster.Storage.FailNext(StorageOperation.Read, about: key => key.StartsWith("sandbox/", StringComparison.Ordinal));

        await sandbox.Grain.Delete(GrainCluster.Tenant);

        Assert.Equal((1, "killed"), (away.Hits, (await run.ReadToEndAsync()).Reason));
        await cluster.AgreesAsync();
    }

    [Fact]
    public async Task A_run_whose_log_lost_more_than_memory_holds_ends_lost_with_its_sandbox()
    {
        await using var cluster = await GrainCluster.StartAsync(configure: settings => settings["Podflare:Runs:RingBytes"] = "65536");
        var sandbox = await cluster.CreateAsync();
        var gate = new Gate();
        var run = await sandbox.StartRunAsync(program => program.Wait(gate).PrintLines(5_000, new string('x', 200)).RunForever());
        var before = cluster.Log.TakeSnapshot();
        gate.Open();
        await Until.TrueAsync(async () => (await run.GetAsync()).LastSeq == 5_000);
        cluster.Log.RestoreSnapshot(before);
        sandbox.Guest.StayAway();

        await sandbox.DeleteAsync();

        Assert.Equal(ExitReason.Lost, (await cluster.Log.FindAsync(sandbox.Id, run.Id))?.Ending?.Reason);
        await cluster.AgreesAsync();
    }

    [Fact]
    public async Task A_delete_kills_the_code_while_the_stores_are_away()
    {
        await using var cluster = await GrainCluster.StartAsync();
        var sandbox = await cluster.CreateAsync();
        var run = await sandbox.StartRunAsync(program => program.RunForever());
        Task deleting;
        using (cluster.Storage.GoAway())
        using (cluster.Log.GoAway())
        {
            deleting = sandbox.Grain.Delete(GrainCluster.Tenant);
            await Until.TrueAsync(() => sandbox.Guest.Requests.Contains("Kill"));
        }

        await deleting;
        Assert.Equal("killed", (await run.ReadToEndAsync()).Reason);
        await cluster.AgreesAsync();
    }

    [Fact]
    public async Task A_run_that_is_accepted_while_its_sandbox_ends_is_closed()
    {
        await using var cluster = await GrainCluster.StartAsync();
        var sandbox = await cluster.CreateAsync();
        var log = sandbox.Worker.Services.GetRequiredService<IEventLog>();
        var late = new RunRecord(RunId.New(), "hash", RunLanguage.Python, TimeSpan.FromMinutes(1), OnDisconnect.Continue, cluster.Clock.GetUtcNow());
        var closed = cluster.Log.Hold(LogOperation.Expire);
        var deleting = sandbox.Grain.Delete(GrainCluster.Tenant);
        await closed.Reached;

        // The store executes it late: its caller gave up long ago.
        await log.AcceptAsync(sandbox.Id, late, GrainCluster.Tenant, TestContext.Current.CancellationToken);
        closed.Dispose();
        await deleting;

        await Until.TrueAsync(async () => (await cluster.Log.OpenRunsAsync()).Count == 0);
        await cluster.AgreesAsync();
    }

    [Theory]
    [InlineData(true, 137, "oom", EndReason.Oom)]
    [InlineData(false, 255, "lost", EndReason.Lost)]
    public async Task The_end_of_a_container_that_dies_has_the_reason_that_the_engine_knows(bool outOfMemory, int code, string reason, EndReason ended)
    {
        await using var cluster = await GrainCluster.StartAsync();
        var sandbox = await cluster.CreateAsync();
        var run = await sandbox.StartRunAsync(program => program.Print("a\n").RunForever());
        await run.ReadAsync(1);

        await sandbox.Worker.Engine.StopAsync(sandbox.Id, outOfMemory: outOfMemory);

        var outcome = await run.ReadToEndAsync();
        Assert.Equal((code, reason), (outcome.ExitCode, outcome.Reason));
        await Until.TrueAsync(async () => (await sandbox.GetAsync()).State is SandboxState.Lost);
        Assert.Equal(ended, (await sandbox.GetAsync()).EndReason);
        await cluster.AgreesAsync();
    }

    [Fact]
    public async Task A_container_that_died_of_memory_while_its_worker_was_away_ends_its_runs_with_oom()
    {
        await using var cluster = await GrainCluster.StartAsync();
        var sandbox = await cluster.CreateAsync();
        var run = await sandbox.StartRunAsync(program => program.Print("a\n").RunForever());
        await run.ReadAsync(1);
        await sandbox.Worker.KillAsync();
        await sandbox.Worker.Engine.StopAsync(sandbox.Id, tell: false, outOfMemory: true);
        await sandbox.Worker.RestartAsync();
        await cluster.WaitForHostsAsync();

        var outcome = await run.ReadToEndAsync();
        Assert.Equal((137, "oom"), (outcome.ExitCode, outcome.Reason));
        await Until.TrueAsync(async () => (await sandbox.GetAsync()).EndReason is EndReason.Oom);
    }

    [Fact]
    public async Task A_sandbox_is_lost_where_the_engine_does_not_say_why_its_container_died()
    {
        await using var cluster = await GrainCluster.StartAsync();
        var sandbox = await cluster.CreateAsync();
        using var failure = sandbox.Worker.Engine.FailNext(EngineOperation.WasKilledForMemory);

        await sandbox.Worker.Engine.StopAsync(sandbox.Id, outOfMemory: true);

        await Until.TrueAsync(async () => (await sandbox.GetAsync()).State is SandboxState.Lost);
        Assert.Equal((1, EndReason.Lost), (failure.Hits, (await sandbox.GetAsync()).EndReason));
    }

    [Fact]
    public async Task A_connected_guest_outvotes_the_list_of_the_engine()
    {
        await using var cluster = await GrainCluster.StartAsync();
        var sandbox = await cluster.CreateAsync();

        Assert.False(await sandbox.Grain.DeclareLost());

        Assert.Equal("b\n", (await sandbox.RunAsync(program => program.Print("b\n"))).Output);
    }

    [Fact]
    public async Task A_step_of_the_wall_clock_ends_no_sandbox_whose_guest_is_away_for_a_moment()
    {
        await using var cluster = await GrainCluster.StartAsync();
        var sandbox = await cluster.CreateAsync();
        sandbox.Guest.StayAway();
        // The step comes when the worker has noticed.
        await Until.TrueAsync(() => !sandbox.Worker.Services.GetRequiredService<HostContainers>().IsConnected(sandbox.Id));
        for (var i = 0; i < 3; i++)
        {
            cluster.Clock.Advance(TimeSpan.FromSeconds(1));
            await sandbox.GetAsync();
        }

        cluster.Clock.StepWall(TimeSpan.FromSeconds(70));
        var ticks = 0;
        await cluster.Clock.AdvanceUntilAsync(() => ++ticks > 10, step: TimeSpan.FromSeconds(1), limit: TimeSpan.FromMinutes(1));

        sandbox.Guest.ComeBack();

        Assert.Equal("b\n", (await sandbox.RunAsync(program => program.Print("b\n"))).Output);
    }
}
