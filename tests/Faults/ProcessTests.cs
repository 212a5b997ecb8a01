using Podflare.EndToEnd.Services;
using Podflare.Faults.Chaos;
using Podflare.Faults.Services;

namespace Podflare.Faults;

/// <summary>Processes that hang, die, or are stopped as they should be.</summary>
[Collection("crashes")]
public sealed class ProcessTests(CrashLab lab)
{
    private static readonly TimeSpan Sleep = TimeSpan.FromSeconds(10);
    private static readonly TimeSpan StartLimit = TimeSpan.FromSeconds(60);

    private static CancellationToken Cancelled => TestContext.Current.CancellationToken;

    [Fact]
    public async Task A_worker_that_hangs_and_wakes_harms_nothing()
    {
        var sandbox = await lab.CreateOnAsync("worker1");
        var script = lab.Script(script => script with { Count = 250, PauseMs = 60 });
        Task? sleeping = null;
        var transcript = await lab.RunAsync(sandbox, script, () =>
        {
            sleeping ??= SleepAsync();
            return Task.CompletedTask;
        });
        await sleeping!;
        await AssertStoredAsync(sandbox, transcript);
        Assert.Equal($"{script.Tag}\n", await lab.BashAsync(sandbox, Scripts.ShowRan));
        await lab.DeleteAsync(sandbox);
        await lab.AssertGoneAsync(sandbox);
        lab.AssertClean();

        async Task SleepAsync()
        {
            var pid = lab.Cluster.Signal("worker1", "STOP")!.Value;
            await Clock.Delay(Sleep, Cancelled);
            FaultCluster.Signal(pid, "CONT");
        }
    }

    [Fact]
    public async Task A_reader_whose_frontend_dies_goes_on_through_the_other_one()
    {
        var sandbox = await lab.CreateAsync();
        var resumes = lab.Audit.Resumes;
        var hit = false;
        var transcript = await lab.RunAsync(sandbox, lab.Script(script => script with { Count = 100 }), () =>
        {
            hit = hit || lab.Cluster.Signal("frontend1", "KILL") is not null;
            return Task.CompletedTask;
        });
        Assert.True(lab.Audit.Resumes > resumes, "The reader was never cut off.");
        await AssertStoredAsync(sandbox, transcript);
        await lab.DeleteAsync(sandbox);
        lab.AssertClean();
    }

    [Fact]
    public async Task Other_processes_start_while_the_clock_of_one_worker_is_an_hour_ahead()
    {
        Assert.SkipWhen(lab.Cluster.Clocks.Length == 0, "Clocks are shifted only where there is gcc.");
        var (ahead, other) = (await lab.CreateOnAsync("worker1"), await lab.CreateOnAsync("worker2"));
        lab.Cluster.Clocks[0].Set(TimeSpan.FromHours(1));
        try
        {
            foreach (var silo in new[] { "frontend2", "worker2" })
            {
                lab.Cluster.Signal(silo, "KILL");
                await lab.Cluster.ReadyAsync(silo, StartLimit);
            }

            Assert.Equal("1\n", await lab.BashAsync(ahead, "echo 1"));
            Assert.Equal("1\n", await lab.BashAsync(other, "echo 1"));
        }
        finally
        {
            lab.Cluster.Clocks[0].Set(TimeSpan.Zero);
        }

        await lab.DeleteAsync(ahead);
        await lab.DeleteAsync(other);
        lab.AssertClean();
    }

    [Fact]
    public async Task A_worker_whose_clock_was_set_back_by_an_hour_comes_back_and_keeps_its_sandboxes()
    {
        Assert.SkipWhen(lab.Cluster.Clocks.Length == 0, "Clocks are shifted only where there is gcc.");
        var sandbox = await lab.CreateOnAsync("worker1");
        lab.Cluster.Clocks[0].Set(-TimeSpan.FromHours(1));
        try
        {
            lab.Cluster.Signal("worker1", "KILL");
            await lab.Cluster.ReadyAsync("worker1", StartLimit);

            Assert.Equal("1\n", await lab.BashAsync(sandbox, "echo 1"));
        }
        finally
        {
            lab.Cluster.Clocks[0].Set(TimeSpan.Zero);
        }

        await lab.DeleteAsync(sandbox);
        lab.AssertClean();
    }

    [Fact]
    public async Task A_worker_that_starts_an_hour_ahead_joins_at_once_and_goes_on_when_its_clock_is_set_right()
    {
        Assert.SkipWhen(lab.Cluster.Clocks.Length == 0, "Clocks are shifted only where there is gcc.");
        var sandbox = await lab.CreateOnAsync("worker1");
        var logged = LogOf("worker1").Length;
        lab.Cluster.Clocks[0].Set(TimeSpan.FromHours(1));
        try
        {
            lab.Cluster.Signal("worker1", "KILL");
            await lab.Cluster.ReadyAsync("worker1", StartLimit);

            Assert.Equal("1\n", await lab.BashAsync(sandbox, "echo 1"));
            // The others did not know for some seconds that it had joined, and refused its grains.
            Assert.DoesNotContain("on invalid silo", LogOf("worker1")[logged..], StringComparison.Ordinal);
        }
        finally
        {
            lab.Cluster.Clocks[0].Set(TimeSpan.Zero);
        }

        // Orleans' collector of idle grains has made its rounds an hour ahead. The first sandboxes have grains from that time.
        var sandboxes = new List<string> { sandbox };
        while (sandboxes.Count < 6) sandboxes.Add(await lab.CreateOnAsync("worker1"));
        foreach (var each in sandboxes)
        {
            Assert.Equal("1\n", await lab.BashAsync(each, "echo 1"));
            await lab.DeleteAsync(each);
        }

        lab.AssertClean();
    }

    [Fact]
    public async Task A_rolling_restart_under_load_loses_no_event_and_fails_no_request_for_good()
    {
        var stopped = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        var lanes = Enumerable.Range(1, 4).Select(number => new Lane(number, seed: 7, lab.Client, lab.Audit, new Periods(), new Periods()).RunAsync(stopped.Task, Cancelled)).ToArray();
        foreach (var name in new[] { "worker1", "frontend1", "worker2", "frontend2" })
        {
            var before = lab.Audit.Events;
            await Until.TrueAsync(() => Task.FromResult(lab.Audit.Events > before + 50), TimeSpan.FromSeconds(60), "there is load");
            await lab.Cluster.ScriptAsync("restart", name);
        }

        stopped.SetResult();
        await Task.WhenAll(lanes).WaitAsync(TimeSpan.FromMinutes(2), Cancelled);
        lab.AssertClean();
    }

    private string LogOf(string silo) => File.ReadAllText(Path.Combine(lab.Cluster.Folder, "logs", $"{silo}.log"));

    private async Task AssertStoredAsync(string sandbox, Transcript transcript)
    {
        var stored = new Transcript(lab.Audit, $"{transcript.Name} (log)") { Run = transcript.Run };
        await lab.Client.FollowAsync(sandbox, stored, 1, null, Cancelled);
        Assert.Equal(transcript.Lines, stored.Lines);
    }
}
