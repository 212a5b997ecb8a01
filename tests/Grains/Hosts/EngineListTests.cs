using Microsoft.Extensions.DependencyInjection;
using Podflare.Engine;
using Podflare.Guests;
using Podflare.Harness;
using Podflare.Sandboxes;

namespace Podflare.Hosts;

/// <summary>What the engine lists is not always true.</summary>
public sealed class EngineListTests
{
    [Fact]
    public async Task A_container_that_is_paused_for_a_while_keeps_its_sandbox()
    {
        await using var cluster = await GrainCluster.StartAsync();
        var sandbox = await cluster.CreateAsync();
        var gate = new Gate();
        var run = await sandbox.StartRunAsync(program => program.Print("a\n").Wait(gate).Print("b\n"));
        await run.ReadAsync(1);
        var engine = sandbox.Worker.Engine;

        engine.Pause(sandbox.Id);
        await SweepAsync(cluster, engine);
        engine.Unpause(sandbox.Id);
        gate.Open();

        Assert.Equal("a\nb\n", (await run.ReadToEndAsync()).Output);
        Assert.Equal(SandboxState.Ready, (await sandbox.GetAsync()).State);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task A_container_that_is_paused_for_longer_than_a_guest_may_be_away_keeps_its_sandbox(bool engineIsSilent)
    {
        await using var cluster = await GrainCluster.StartAsync(configure: settings => settings["Podflare:Guests:SilenceSeconds"] = "10");
        var sandbox = await cluster.CreateAsync();
        var gate = new Gate();
        var run = await sandbox.StartRunAsync(program => program.Print("a\n").Wait(gate).Print("b\n"));
        await run.ReadAsync(1);
        var engine = sandbox.Worker.Engine;
        using var silence = engineIsSilent ? engine.Fail(EngineOperation.IsPaused) : null;

        engine.Pause(sandbox.Id);
        await cluster.Clock.AdvanceUntilAsync(() => engine.Calls(EngineOperation.IsPaused) > 2, step: TimeSpan.FromSeconds(1), limit: TimeSpan.FromMinutes(10));
        silence?.Dispose();
        engine.Unpause(sandbox.Id);
        gate.Open();

        Assert.Equal("a\nb\n", (await run.ReadToEndAsync()).Output);
        Assert.Equal(SandboxState.Ready, (await sandbox.GetAsync()).State);
    }

    [Fact]
    public async Task An_engine_that_lists_nothing_once_ends_no_sandbox()
    {
        await using var cluster = await GrainCluster.StartAsync();
        TestSandbox[] sandboxes = [await cluster.CreateAsync(), await cluster.CreateAsync(), await cluster.CreateAsync()];
        await cluster.AgreesAsync();
        cluster.Worker(0).Engine.EmptyLists = 1;

        await SweepAsync(cluster, cluster.Worker(0).Engine);

        foreach (var sandbox in sandboxes) Assert.Equal("a\n", (await sandbox.RunAsync(program => program.Print("a\n"))).Output);
        await cluster.AgreesAsync();
    }

    [Fact]
    public async Task One_list_without_a_container_does_not_end_its_sandbox_while_its_guest_is_away()
    {
        await using var cluster = await GrainCluster.StartAsync();
        var sandbox = await cluster.CreateAsync();
        await cluster.AgreesAsync();
        sandbox.Guest.StayAway();
        await Until.TrueAsync(() => !sandbox.Worker.Services.GetRequiredService<HostContainers>().IsConnected(sandbox.Id));
        sandbox.Worker.Engine.EmptyLists = 1;

        await SweepAsync(cluster, sandbox.Worker.Engine);

        sandbox.Guest.ComeBack();
        Assert.Equal("a\n", (await sandbox.RunAsync(program => program.Print("a\n"))).Output);
        await cluster.AgreesAsync();
    }

    [Fact]
    public async Task An_engine_that_lists_nothing_when_its_worker_starts_ends_no_sandbox()
    {
        await using var cluster = await GrainCluster.StartAsync();
        TestSandbox[] sandboxes = [await cluster.CreateAsync(), await cluster.CreateAsync(), await cluster.CreateAsync()];
        await cluster.AgreesAsync();
        await cluster.Worker(0).KillAsync();
        cluster.Worker(0).Engine.EmptyLists = 1;

        await cluster.Worker(0).StartAsync();
        var began = cluster.Worker(0).Engine.Calls(EngineOperation.List);
        await cluster.Clock.AdvanceUntilAsync(
            () => cluster.Worker(0).Engine.Calls(EngineOperation.List) > began + 1, step: TimeSpan.FromSeconds(1), limit: TimeSpan.FromMinutes(2));

        foreach (var sandbox in sandboxes) Assert.Equal("a\n", (await sandbox.RunAsync(program => program.Print("a\n"))).Output);
        await cluster.AgreesAsync();
    }

    // One sweep, and a moment for what it has begun.
    private static async Task SweepAsync(GrainCluster cluster, ScriptedEngine engine)
    {
        var before = engine.Calls(EngineOperation.List);
        await cluster.Clock.AdvanceUntilAsync(() => engine.Calls(EngineOperation.List) > before, step: TimeSpan.FromSeconds(1), limit: TimeSpan.FromMinutes(2));
        cluster.Clock.Advance(TimeSpan.FromSeconds(2));
        await cluster.ListAsync();
    }
}
