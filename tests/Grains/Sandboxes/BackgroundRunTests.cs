using Podflare.Guests;
using Podflare.Harness;
using Podflare.Runs;

namespace Podflare.Sandboxes;

/// <summary>Output that arrives after the end of its run.</summary>
public sealed class BackgroundRunTests
{
    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Late_output_is_in_a_run_of_its_own()
    {
        await using var cluster = await GrainCluster.StartAsync();
        var sandbox = await cluster.CreateAsync();
        var run = await sandbox.StartRunAsync(program => program.Print("a\n"));
        await run.ReadToEndAsync();
        sandbox.Guest.SendLate(run.Id, "late\n");
        sandbox.Guest.SendLate(null, "unknown\n", isError: true);
        sandbox.Guest.SendDropped(1_000);

        var background = sandbox.Run(RunId.ForBackground(sandbox.Id));
        var lines = await background.ReadAsync(3);

        Assert.Equal([("stdout", "late\n"), ("stderr", "unknown\n"), ("dropped", "1000")], lines.Select(line => (line.Type, line.Data)));
        Assert.EndsWith($",\"from\":\"{run.Id}\"}}", lines[0].Json, StringComparison.Ordinal);
        Assert.DoesNotContain("from", lines[1].Json, StringComparison.Ordinal);
        var info = await background.GetAsync();
        Assert.Equal((RunKind.Background, RunState.Running, 3L), (info.Kind, info.State, info.LastSeq));
        await Until.TrueAsync(() => sandbox.Guest.Unacknowledged == 0);
        Assert.Equal([run.Id], await sandbox.Grain.ListRuns(GrainCluster.Tenant));
        Assert.Equal(2, (await sandbox.Grain.ListRuns(GrainCluster.Tenant, new RunFilter(), Cancel)).Runs.Length);
        Assert.Single((await sandbox.Grain.ListRuns(GrainCluster.Tenant, new RunFilter(RunKind.Background), Cancel)).Runs);
    }

    [Fact]
    public async Task It_is_there_before_anything_is_late()
    {
        await using var cluster = await GrainCluster.StartAsync();
        var sandbox = await cluster.CreateAsync();
        var background = sandbox.Run(RunId.ForBackground(sandbox.Id));

        Assert.Equal((RunState.Running, 0L), await background.GetAsync() is var info ? (info.State, info.LastSeq) : default);
        var reading = background.ReadAsync(1);
        sandbox.Guest.SendLate(null, "a\n");

        Assert.Equal("a\n", (await reading)[0].Data);
    }

    [Fact]
    public async Task It_continues_under_the_next_worker()
    {
        await using var cluster = await GrainCluster.StartAsync();
        var sandbox = await cluster.CreateAsync();
        sandbox.Guest.SendLate(null, "a\n");
        var background = sandbox.Run(RunId.ForBackground(sandbox.Id));
        await background.ReadAsync(1);

        await sandbox.Worker.KillAsync();
        sandbox.Guest.SendLate(null, "b\n");
        await sandbox.Worker.StartAsync();
        await cluster.WaitForHostsAsync();

        var lines = await background.ReadAsync(2);
        Assert.Equal([("a\n", 1L), ("b\n", 2L)], lines.Select(line => (line.Data, line.Seq)));
        await Until.TrueAsync(() => sandbox.Guest.Unacknowledged == 0);
    }

    // Neither an open run nor activity: it counts for no limit.
    [Fact]
    public async Task It_neither_takes_a_place_nor_keeps_the_sandbox_from_being_idle()
    {
        await using var cluster = await GrainCluster.StartAsync(configure: settings => settings["Podflare:Runs:MaxOpen"] = "1");
        var sandbox = await cluster.CreateAsync(spec => spec with { IdleLimit = TimeSpan.FromMinutes(10) });
        sandbox.Guest.SendLate(null, "a\n");
        await Until.TrueAsync(() => sandbox.Guest.Unacknowledged == 0);
        Assert.Equal(0, (await sandbox.RunAsync(program => program)).ExitCode);

        var guest = sandbox.Guest;
        await cluster.Clock.AdvanceUntilAsync(
            async () =>
            {
                guest.SendLate(null, "still\n");
                return (await sandbox.GetAsync()).EndReason is EndReason.Idle;
            },
            step: TimeSpan.FromSeconds(30),
            limit: TimeSpan.FromMinutes(15));

        Assert.Equal("expired", (await sandbox.Run(RunId.ForBackground(sandbox.Id)).ReadToEndAsync()).Reason);
    }

    [Fact]
    public async Task It_keeps_the_newest_output_whatever_its_readers_do()
    {
        await using var cluster = await GrainCluster.StartAsync(configure: settings => settings["Podflare:Runs:MaxBackgroundLogBytes"] = "131072");
        var sandbox = await cluster.CreateAsync();
        var line = new string('x', 9_999) + "\n";

        for (var i = 0; i < 40; i++) sandbox.Guest.SendLate(null, line);

        await Until.TrueAsync(() => sandbox.Guest.Unacknowledged == 0);
        var info = await sandbox.Run(RunId.ForBackground(sandbox.Id)).GetAsync();
        Assert.Equal(40, info.LastSeq);
        Assert.InRange(info.FirstSeq!.Value, 2, 40);
        Assert.InRange(info.LogBytes, 1, 2 * 131_072 + 65_536);
    }

    // What could not be logged waits in the guest; it is neither lost nor logged twice.
    [Fact]
    public async Task It_waits_while_the_store_is_away()
    {
        await using var cluster = await GrainCluster.StartAsync();
        var sandbox = await cluster.CreateAsync();
        using (var away = cluster.Log.GoAway())
        {
            sandbox.Guest.SendLate(null, "a\n");
            await Until.TrueAsync(() => away.Hits > 0);
        }

        Assert.Equal("a\n", (await sandbox.Run(RunId.ForBackground(sandbox.Id)).ReadAsync(1))[0].Data);
    }
}
