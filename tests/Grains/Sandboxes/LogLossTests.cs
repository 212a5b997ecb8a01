using Podflare.Guests;
using Podflare.Harness;
using Podflare.Runs;

namespace Podflare.Sandboxes;

/// <summary>A store that came back with older data, and open runs that write nothing.</summary>
public sealed class LogLossTests
{
    [Fact]
    public async Task A_quiet_run_gets_back_what_the_store_has_lost_without_writing_anything()
    {
        await using var cluster = await GrainCluster.StartAsync();
        var sandbox = await cluster.CreateAsync();
        var gate = new Gate();
        var run = await sandbox.StartRunAsync(program => program.Print("a\n").Wait(gate).Print("b\n"));
        await run.ReadAsync(1);
        await Until.TrueAsync(() => sandbox.Guest.Unacknowledged == 0);
        cluster.Log.LoseLastBatches(sandbox.Id, run.Id);
        Assert.Empty(await cluster.Log.LinesAsync(sandbox.Id, run.Id));

        cluster.Clock.Advance(TimeSpan.FromSeconds(2));
        await Until.TrueAsync(async () => (await cluster.Log.LinesAsync(sandbox.Id, run.Id)).Count == 1);

        await sandbox.Worker.RestartAsync();
        await cluster.WaitForHostsAsync();
        gate.Open();
        Assert.Equal("a\nb\n", (await run.ReadToEndAsync()).Output);
    }

    [Fact]
    public async Task A_run_whose_acknowledged_frames_nobody_has_any_more_ends_lost()
    {
        await using var cluster = await GrainCluster.StartAsync();
        var sandbox = await cluster.CreateAsync();
        var gate = new Gate();
        var run = await sandbox.StartRunAsync(program => program.Print("a\n").Wait(gate).Print("b\n"));
        await run.ReadAsync(1);
        await Until.TrueAsync(() => sandbox.Guest.Unacknowledged == 0);
        await sandbox.Worker.KillAsync();
        cluster.Log.LoseLastBatches(sandbox.Id, run.Id);
        await sandbox.Worker.StartAsync();
        await cluster.WaitForHostsAsync();
        gate.Open();

        var outcome = await run.ReadToEndAsync();

        Assert.Equal((255, "lost"), (outcome.ExitCode, outcome.Reason));
        Assert.DoesNotContain("b", outcome.Output, StringComparison.Ordinal);
    }
}
