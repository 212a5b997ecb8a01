using Podflare.Guests;
using Podflare.Harness;
using Podflare.Runs;
using Podflare.Sandboxes;
using Podflare.Tenants;

namespace Podflare.Limits;

/// <summary>Runs of a tenant that execute at the same time, on several workers.</summary>
public sealed class RunLimitTests
{
    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    [Fact]
    public async Task No_more_runs_execute_than_the_tenant_may_whichever_worker_they_are_on()
    {
        await using var cluster = await StartAsync(running: 3, waitSeconds: 1);
        var sandboxes = await CreateAsync(cluster, perWorker: 4);
        var gate = new Gate();

        var starts = await Task.WhenAll(sandboxes.Select(sandbox => TryStartAsync(sandbox, program => program.Print("a\n").Wait(gate))));

        Assert.Equal(3, starts.Count(run => run is not null));
        Assert.Equal(3, sandboxes.Sum(sandbox => sandbox.Guest.Executed.Count));
        gate.Open();
        await Task.WhenAll(starts.OfType<TestRun>().Select(run => run.ReadToEndAsync()));
        await cluster.AgreesAsync();
    }

    [Fact]
    public async Task A_run_that_waits_starts_when_one_on_another_worker_has_ended()
    {
        await using var cluster = await StartAsync(running: 2, waitSeconds: 15);
        var sandboxes = await CreateAsync(cluster, perWorker: 2);
        var gate = new Gate();
        var first = await sandboxes[0].StartRunAsync(program => program.Wait(gate));
        var second = await sandboxes[1].StartRunAsync(program => program.Wait(gate));
        Assert.Equal(first.Sandbox.Worker, second.Sandbox.Worker);

        var waiting = sandboxes[2].StartRunAsync(program => program.Print("late\n"));
        Assert.NotEqual(first.Sandbox.Worker, sandboxes[2].Worker);
        Assert.Empty(sandboxes[2].Guest.Executed);
        gate.Open();

        Assert.Equal("late\n", (await (await waiting).ReadToEndAsync()).Output);
    }

    [Fact]
    public async Task Runs_of_one_context_count_once_because_they_execute_one_after_the_other()
    {
        await using var cluster = await StartAsync(running: 1, waitSeconds: 0);
        var sandboxes = await CreateAsync(cluster, perWorker: 1);
        var gate = new Gate();
        var first = await sandboxes[0].StartRunAsync(program => program.Wait(gate));
        var queued = await sandboxes[0].StartRunAsync(program => program.Print("b\n"));
        Assert.Equal(RunState.Queued, (await queued.GetAsync()).State);
        await Assert.ThrowsAsync<RunQuotaExceededException>(() => StartAsync(sandboxes[1], program => program));

        gate.Open();
        await first.ReadToEndAsync();
        Assert.Equal("b\n", (await queued.ReadToEndAsync()).Output);
        await Until.TrueAsync(async () => await TryStartAsync(sandboxes[1], program => program) is not null);
    }

    [Fact]
    public async Task A_process_counts_only_when_it_keeps_its_sandbox_alive()
    {
        await using var cluster = await StartAsync(running: 1, waitSeconds: 0);
        var sandboxes = await CreateAsync(cluster, perWorker: 1);
        var server = await sandboxes[0].StartProcessAsync(program => program.Print("a\n").RunForever());
        await server.ReadAsync(1);

        Assert.Equal("b\n", (await sandboxes[0].RunAsync(program => program.Print("b\n"))).Output);
        await Until.TrueAsync(async () => await TryProcessAsync(sandboxes[0]) is not null);
        await Assert.ThrowsAsync<RunQuotaExceededException>(() => StartAsync(sandboxes[1], program => program));
    }

    [Fact]
    public async Task A_request_that_is_repeated_joins_its_run_also_where_nothing_new_may_start()
    {
        await using var cluster = await StartAsync(running: 1, waitSeconds: 15);
        var sandboxes = await CreateAsync(cluster, perWorker: 1);
        var request = sandboxes[0].Request(program => program.Print("a\n"));
        var run = RunId.FromKey(GrainCluster.Tenant, sandboxes[0].Id, "key");
        await (await sandboxes[0].StartRunAsync(run, request)).ReadToEndAsync();
        await sandboxes[0].Worker.RestartAsync();
        var gate = new Gate();
        await Until.TrueAsync(async () => await TryStartAsync(sandboxes[1], program => program.Wait(gate)) is not null);

        var repeated = await sandboxes[0].StartRunAsync(run, request).WaitAsync(TimeSpan.FromSeconds(10), TimeProvider.System, Cancel);

        Assert.True(repeated.Joined);
        gate.Open();
    }

    [Fact]
    public async Task Runs_that_a_killed_worker_had_started_count_when_it_is_back()
    {
        await using var cluster = await StartAsync(running: 2, waitSeconds: 0);
        var sandboxes = await CreateAsync(cluster, perWorker: 2);
        var gate = new Gate();
        // The other worker gives up its unused part of the limit within an exchange or two.
        List<TestRun> runs = [];
        foreach (var sandbox in sandboxes.Take(2))
        {
            await Until.TrueAsync(async () =>
            {
                if (await TryStartAsync(sandbox, program => program.Wait(gate)) is { } run) runs.Add(run);
                return runs.Any(run => run.Sandbox == sandbox);
            });
        }


        await sandboxes[0].Worker.RestartAsync();
        await Until.TrueAsync(async () => (await runs[0].GetAsync(), await runs[1].GetAsync()) is ({ State: RunState.Running }, { State: RunState.Running }));
        // A board that was lost together with the worker knows its runs from the first report of the next one.
        await Until.TrueAsync(async () => await TryStartAsync(sandboxes[2], program => program) is null);
        // Longer than the board remembers the killed process; slowly enough for the exchanges of the living ones.
        for (var time = TimeSpan.Zero; time < TimeSpan.FromSeconds(12); time += TimeSpan.FromSeconds(0.5))
        {
            await Assert.ThrowsAsync<RunQuotaExceededException>(() => StartAsync(sandboxes[2], program => program));
            cluster.Clock.Advance(TimeSpan.FromSeconds(0.5));
            await Task.Delay(TimeSpan.FromMilliseconds(100), TimeProvider.System, Cancel);
        }

        gate.Open();
        foreach (var run in runs) await run.ReadToEndAsync();
        await Until.TrueAsync(async () => await TryStartAsync(sandboxes[2], program => program) is not null);
    }

    private static Task<GrainCluster> StartAsync(int running, int waitSeconds) => GrainCluster.StartAsync(workers: 2, configure: settings =>
    {
        settings.Limits = new LimitOptions { Running = running }.Apply(TenantLimits.None);
        settings["Podflare:Quota:RunWaitSeconds"] = $"{waitSeconds}";
    });

    /// <summary>Sandboxes in the order of their workers.</summary>
    private static async Task<TestSandbox[]> CreateAsync(GrainCluster cluster, int perWorker)
    {
        List<TestSandbox> made = [];
        while (cluster.Workers.Any(worker => made.Count(sandbox => sandbox.Worker == worker) < perWorker))
        {
            var sandbox = await cluster.CreateAsync();
            if (made.Count(other => other.Worker == sandbox.Worker) < perWorker) made.Add(sandbox);
            else await sandbox.DeleteAsync();
        }

        return [.. made.OrderBy(sandbox => sandbox.Worker.Host)];
    }

    private static Task<RunAccepted> StartAsync(TestSandbox sandbox, Func<GuestProgram, GuestProgram> program) =>
        Patience.CallAsync(() => sandbox.Grain.StartRun(GrainCluster.Tenant, RunId.New(), sandbox.Request(program) with { Keyless = true }, Cancel));

    private static async Task<TestRun?> TryStartAsync(TestSandbox sandbox, Func<GuestProgram, GuestProgram> program)
    {
        try
        {
            return sandbox.Run((await StartAsync(sandbox, program)).Id);
        }
        catch (RunQuotaExceededException)
        {
            return null;
        }
    }

    private static async Task<TestRun?> TryProcessAsync(TestSandbox sandbox)
    {
        try
        {
            return await sandbox.StartProcessAsync(program => program.RunForever(), change: request => request with { KeepAlive = true });
        }
        catch (RunQuotaExceededException)
        {
            return null;
        }
    }
}
