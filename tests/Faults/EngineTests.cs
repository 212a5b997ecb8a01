using Podflare.EndToEnd.Services;
using Podflare.Faults.Chaos;
using Podflare.Faults.Services;

namespace Podflare.Faults;

/// <summary>The container engine goes away and comes back, with and without its containers.</summary>
[Collection("outages")]
public sealed class EngineTests(OutageLab lab)
{
    private const string ManySmallProcesses = """
        import os, time
        print("begun", flush=True)
        for i in range(28):
            if not os.fork():
                x = bytearray(25 << 20)
                time.sleep(600)
        time.sleep(600)
        """;

    private static readonly TimeSpan Promptly = TimeSpan.FromSeconds(10);

    [Fact]
    public async Task A_container_that_dies_ends_its_run_lost_promptly() => await DieAsync(engineIsAway: false);

    [Fact]
    public async Task While_the_engine_is_away_sandboxes_go_on_and_one_that_died_with_it_is_lost_when_it_is_back()
    {
        var kept = await lab.CreateAsync();
        var running = lab.RunAsync(kept, lab.Script(script => script with { Count = 120, PauseMs = 100 }));
        await DieAsync(engineIsAway: true);
        await running;
        Assert.Equal("1\n", await lab.BashAsync(kept, "echo 1"));
        await lab.DeleteAsync(kept);
        await lab.AssertGoneAsync(kept);
        lab.AssertClean();
    }

    [Fact]
    public async Task A_container_whose_supervisor_the_kernel_kills_for_memory_ends_with_oom()
    {
        var sandbox = await lab.CreateAsync();
        var transcript = new Transcript(lab.Audit, $"{sandbox} fills its memory");
        await SandboxProcesses.PreferSupervisorForOomAsync(sandbox);
        await lab.Client.ExecAsync(sandbox, new() { ["code"] = ManySmallProcesses }, Guid.NewGuid().ToString("N"), replays: false, transcript, 0, null, TestContext.Current.CancellationToken);
        Assert.Equal((137, "oom"), (transcript.Exit!.Code, transcript.Exit.Reason));
        await Until.TrueAsync(async () => (await lab.GetAsync($"/v1/sandboxes/{sandbox}")).GetProperty("state").GetString() == "lost", Promptly, "the sandbox is lost");
        Assert.Equal("oom", (await lab.GetAsync($"/v1/sandboxes/{sandbox}")).GetProperty("ended_reason").GetString());
        await lab.AssertGoneAsync(sandbox);
        lab.AssertClean();
    }

    private async Task DieAsync(bool engineIsAway)
    {
        var sandbox = await lab.CreateAsync();
        Task? dying = null;
        DateTimeOffset back = default;
        var transcript = new Transcript(lab.Audit, $"{sandbox} dies");
        await lab.ReadAsync(sandbox, lab.Script(script => script with { End = ScriptEnd.Delete }), transcript, () =>
        {
            dying ??= KillAsync();
            return Task.CompletedTask;
        });
        await dying!;
        Assert.Equal((255, "lost"), (transcript.Exit!.Code, transcript.Exit.Reason));
        Assert.True(Clock.Now - back < Promptly, $"It took {Clock.Now - back}.");
        var exec = await lab.Client.SendAsync(HttpMethod.Post, $"/v1/sandboxes/{sandbox}/exec", new() { ["code"] = "print(1)" }, null, 0, TestContext.Current.CancellationToken);
        Assert.Equal((410, "sandbox_lost"), (exec.Status, exec.Code));
        await lab.AssertGoneAsync(sandbox);
        lab.AssertClean();

        async Task KillAsync()
        {
            if (engineIsAway) lab.BreakEngines();
            await Engine.KillAsync(sandbox);
            if (engineIsAway) await Clock.Delay(TimeSpan.FromSeconds(3), TestContext.Current.CancellationToken);
            back = Clock.Now;
            lab.MendEngines();
        }
    }
}
