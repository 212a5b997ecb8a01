using System.Net.Http.Json;
using Podflare.EndToEnd.Services;
using Podflare.Faults.Chaos;
using Podflare.Faults.Services;

namespace Podflare.Faults;

/// <summary>The worker dies at exactly one point; each row of what a crash leaves. Docs: docs/RELIABILITY.md.</summary>
[Collection("crashes")]
public sealed class CrashTests(CrashLab lab)
{
    [Theory]
    [InlineData("run-starting")]
    [InlineData("run-accepted")]
    [InlineData("run-taken")]
    [InlineData("frames-arrived")]
    [InlineData("frames-appended")]
    [InlineData("frames-published")]
    [InlineData("end-arrived")]
    [InlineData("end-appended")]
    [InlineData("end-published")]
    public async Task A_run_whose_worker_dies_is_executed_once_and_read_whole(string point)
    {
        var sandbox = await lab.CreateAsync();
        var script = lab.Script();
        lab.Arm(point);
        var transcript = await lab.RunAsync(sandbox, script);
        await lab.AssertReachedAsync(point);
        Assert.Equal(0, transcript.Exit!.Code);

        var stored = new Transcript(lab.Audit, $"{transcript.Name} (log)") { Run = transcript.Run };
        await lab.Client.FollowAsync(sandbox, stored, 1, null, TestContext.Current.CancellationToken);
        Assert.Equal(transcript.Lines, stored.Lines);
        Assert.Equal($"{script.Tag}\n", await lab.BashAsync(sandbox, Scripts.ShowRan));
        await lab.DeleteAsync(sandbox);
        await lab.AssertGoneAsync(sandbox);
        lab.AssertClean();
    }

    [Fact]
    public async Task A_run_that_was_recorded_but_never_handed_over_is_withdrawn_when_nobody_asks_again()
    {
        var sandbox = await lab.CreateAsync();
        var script = lab.Script();
        lab.Arm("run-accepted");
        using (var impatient = new HttpClient { BaseAddress = lab.Cluster.Frontend(0) })
        {
            using var left = CancellationTokenSource.CreateLinkedTokenSource(TestContext.Current.CancellationToken);
            var asked = impatient.PostAsJsonAsync($"/v1/sandboxes/{sandbox}/exec", new { code = script.Code("lab") }, left.Token);
            await Until.TrueAsync(() => Task.FromResult(lab.HasReached("run-accepted")), TimeSpan.FromSeconds(20), "the worker dies");
            await left.CancelAsync();
            await Assert.ThrowsAnyAsync<OperationCanceledException>(() => asked);
        }

        // The sandbox lives, so the sum of its log stays, and so does what the service logged about it.
        string[] kept = [":log", ":lines", ":lines:head"];
        await Until.TrueAsync(
            async () => !(await lab.Cluster.ListKeysAsync()).Any(
                key => key.Contains($"{{{sandbox}}}", StringComparison.Ordinal) && !kept.Any(end => key.EndsWith(end, StringComparison.Ordinal))),
            TimeSpan.FromSeconds(40), "the run is withdrawn");
        Assert.Equal("", await lab.BashAsync(sandbox, $"{Scripts.ShowRan} 2>/dev/null"));
        await lab.DeleteAsync(sandbox);
        lab.AssertClean();
    }

    [Theory]
    [InlineData("sandbox-ending")]
    [InlineData("runs-closed")]
    [InlineData("tombstone-written")]
    public async Task A_sandbox_whose_worker_dies_while_it_ends_goes_on_ending(string point)
    {
        var sandbox = await lab.CreateAsync();
        Task? deleting = null;
        var script = lab.Script(script => script with { End = ScriptEnd.Delete });
        var transcript = await lab.RunAsync(sandbox, script, () =>
        {
            if (deleting is not null) return Task.CompletedTask;
            lab.Arm(point);
            deleting = lab.DeleteAsync(sandbox);
            return Task.CompletedTask;
        });
        await deleting!;
        await lab.AssertReachedAsync(point);
        Assert.Equal((137, "killed"), (transcript.Exit!.Code, transcript.Exit.Reason));
        Assert.Equal("ended", (await lab.GetAsync($"/v1/sandboxes/{sandbox}")).GetProperty("state").GetString());
        await lab.AssertGoneAsync(sandbox);
        lab.AssertClean();
    }
}
