using Podflare.Guests;
using Podflare.Harness;
using Podflare.Runs;
using Podflare.Sandboxes;

namespace Podflare.Hosts;

/// <summary>Wall clocks that are set forward or back: durations inside a process do not depend on them.</summary>
public sealed class ClockStepTests
{
    [Fact]
    public async Task Sweeps_continue_when_the_wall_clock_is_set_back()
    {
        await using var cluster = await GrainCluster.StartAsync();
        var sandbox = await cluster.CreateAsync();
        cluster.Clock.StepWall(-TimeSpan.FromHours(1));
        await sandbox.Worker.Engine.LoseAsync(sandbox.Id, tell: false);

        // Sooner than its guest is given up for being away.
        await cluster.Clock.AdvanceUntilAsync(
            async () => (await sandbox.GetAsync()).State is SandboxState.Lost, step: TimeSpan.FromSeconds(1), limit: TimeSpan.FromSeconds(45));
        await cluster.AgreesAsync();
    }

    [Fact]
    public async Task A_claim_ends_with_its_lease_when_the_wall_clock_is_set_back()
    {
        await using var cluster = await GrainCluster.StartAsync();
        var host = cluster.Grains.GetGrain<IHostGrain>(cluster.Worker(0).Host);
        var claimed = await host.Claim(GrainCluster.Tenant, GrainCluster.Spec(), TimeSpan.Zero, TestContext.Current.CancellationToken);
        cluster.Clock.StepWall(-TimeSpan.FromHours(1));

        await cluster.Clock.AdvanceUntilAsync(() => cluster.Worker(0).Engine.Find(claimed) is null, step: TimeSpan.FromSeconds(1), limit: TimeSpan.FromMinutes(2));
    }

    [Fact]
    public async Task A_host_that_was_away_for_ten_seconds_is_not_lost_where_the_wall_clock_is_set_forward()
    {
        await using var cluster = await GrainCluster.StartAsync(workers: 2);
        var sandbox = await CreateOnAsync(cluster, cluster.Worker(0));
        await cluster.AgreesAsync();
        await cluster.Worker(0).KillAsync();

        cluster.Worker(1).StepWall(TimeSpan.FromSeconds(70));
        cluster.Clock.Advance(TimeSpan.FromSeconds(10));

        Assert.Equal(SandboxState.Ready, (await sandbox.GetAsync()).State);
        await cluster.Worker(0).StartAsync();
        Assert.Equal("a\n", (await sandbox.RunAsync(program => program.Print("a\n"))).Output);
    }

    [Fact]
    public async Task A_run_is_neither_timed_out_nor_abandoned_where_the_wall_clock_is_set_forward()
    {
        await using var cluster = await GrainCluster.StartAsync();
        var sandbox = await cluster.CreateAsync();
        var gate = new Gate();
        sandbox.Worker.StepWall(TimeSpan.FromHours(1));
        var run = await sandbox.StartRunAsync(
            program => program.Print("a\n").Wait(gate).Print("b\n"), timeout: TimeSpan.FromMinutes(1), onDisconnect: OnDisconnect.Interrupt);
        await run.ReadAsync(1);

        // Its limits are checked each second.
        sandbox.Worker.StepWall(TimeSpan.FromHours(1));
        var ticks = 0;
        await cluster.Clock.AdvanceUntilAsync(() => ++ticks > 4, step: TimeSpan.FromSeconds(1), limit: TimeSpan.FromMinutes(1));
        gate.Open();

        var outcome = await run.ReadToEndAsync();
        Assert.Equal(("a\nb\n", 0, null), (outcome.Output, outcome.ExitCode, outcome.Reason));
        await cluster.AgreesAsync();
    }

    private static async Task<TestSandbox> CreateOnAsync(GrainCluster cluster, TestSilo worker)
    {
        while (true)
        {
            var sandbox = await cluster.CreateAsync();
            if (sandbox.Worker == worker) return sandbox;
        }
    }
}
