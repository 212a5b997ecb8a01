using Podflare.Containers;
using Podflare.Engine;
using Podflare.Harness;

namespace Podflare.Sandboxes;

/// <summary>The CPU priority of sandboxes whose runs take long.</summary>
public sealed class CpuPriorityTests
{
    [Fact]
    public async Task Long_runs_in_a_row_change_the_cpu_priority_once()
    {
        await using var cluster = await GrainCluster.StartAsync();
        var sandbox = await cluster.CreateAsync();
        await sandbox.RunAsync(program => program.Print("a\n"));
        using var changes = sandbox.Worker.Engine.Fail(EngineOperation.SetCpuPriority, with: () => new ContainerEngineException("not offered", new TimeoutException()));

        for (var i = 0; i < 3; i++)
        {
            var gate = new Guests.Gate();
            var run = await sandbox.StartRunAsync(program => program.Wait(gate));
            await Until.TrueAsync(() => sandbox.Guest.Executed.Count == i + 2);
            await cluster.Clock.AdvanceUntilAsync(() => changes.Hits > 0, step: TimeSpan.FromSeconds(1), limit: TimeSpan.FromMinutes(1));
            var ticks = 0;
            await cluster.Clock.AdvanceUntilAsync(() => ++ticks > 3, step: TimeSpan.FromSeconds(1), limit: TimeSpan.FromMinutes(1));
            gate.Open();
            await run.ReadToEndAsync();
            ticks = 0;
            await cluster.Clock.AdvanceUntilAsync(() => ++ticks > 5, step: TimeSpan.FromSeconds(1), limit: TimeSpan.FromMinutes(1));
        }

        Assert.Equal(1, changes.Hits);
        await cluster.Clock.AdvanceUntilAsync(() => changes.Hits == 2, step: TimeSpan.FromSeconds(1), limit: TimeSpan.FromMinutes(2));
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task A_long_run_that_is_told_to_stop_gets_the_full_priority_for_that(bool byInterrupt)
    {
        await using var cluster = await GrainCluster.StartAsync();
        var sandbox = await cluster.CreateAsync();
        var run = await sandbox.StartRunAsync(program => program.Print("a\n").IgnoreInterrupts().RunForever(), timeout: byInterrupt ? null : TimeSpan.FromSeconds(20));
        await run.ReadAsync(1);
        await cluster.Clock.AdvanceUntilAsync(() => sandbox.Container.HasLowPriority, step: TimeSpan.FromSeconds(1), limit: TimeSpan.FromSeconds(15));

        if (byInterrupt) await run.InterruptAsync();

        await cluster.Clock.AdvanceUntilAsync(() => !sandbox.Container.HasLowPriority, step: TimeSpan.FromSeconds(1), limit: TimeSpan.FromSeconds(byInterrupt ? 5 : 22));
        await sandbox.DeleteAsync();
        await cluster.AgreesAsync();
    }
}
