using System.Text;
using Podflare.Audit;
using Podflare.Harness;
using Podflare.Keys;
using Podflare.Stores;
using Podflare.Usage;

namespace Podflare.Sandboxes;

/// <summary>Usage is exact whatever dies, and complete when a delete has been answered.</summary>
public sealed class UsageTests
{
    private const string Creator = "key_000000000000000000000001";
    private static readonly KeyId Starter = KeyId.Parse("key_000000000000000000000002");

    [Fact]
    public async Task The_answer_to_a_delete_means_that_all_usage_is_recorded()
    {
        await using var cluster = await GrainCluster.StartAsync();
        var sandbox = await CreateAsync(cluster);
        sandbox.Guest.CpuTime = TimeSpan.FromSeconds(0.25);
        var bytes = await RunAsync(cluster, sandbox) + await RunAsync(cluster, sandbox);
        var own = await RunAsync(cluster, sandbox, KeyId.Parse(Creator));

        await sandbox.DeleteAsync();

        var created = await cluster.Usage.TotalAsync(Creator);
        Assert.Equal((1, 250_000, 1, own), (created.Sandboxes, created.CpuUs, created.Runs, created.Bytes));
        Assert.Equal(created.SandboxMs * 512, created.MemoryMibMs);
        Assert.InRange(created.SandboxMs, 1, 60_000);
        Assert.Equal(new UsageAmounts(Runs: 2, Bytes: bytes), await cluster.Usage.TotalAsync(Starter.Value));
        Assert.Equal(default, await cluster.Usage.TotalAsync());
        await cluster.AgreesAsync();
    }

    [Fact]
    public async Task Usage_without_a_key_is_recorded_without_one()
    {
        await using var cluster = await GrainCluster.StartAsync();
        var sandbox = await cluster.CreateAsync();
        await RunAsync(cluster, sandbox, key: null);

        await sandbox.DeleteAsync();

        Assert.Equal((1, 1), await cluster.Usage.TotalAsync() is var total ? (total.Sandboxes, total.Runs) : default);
    }

    [Fact]
    public async Task The_late_output_of_all_runs_counts_as_output_and_as_no_run()
    {
        await using var cluster = await GrainCluster.StartAsync();
        var sandbox = await CreateAsync(cluster);
        await RunAsync(cluster, sandbox);
        sandbox.Guest.SendLate(Runs.RunId.New(), "late\n");
        var background = Runs.RunId.ForBackground(sandbox.Id);
        await Until.TrueAsync(async () => (await cluster.Log.LinesAsync(sandbox.Id, background)).Count > 0);

        await sandbox.DeleteAsync();

        var created = await cluster.Usage.TotalAsync(Creator);
        Assert.Equal((0, await LengthAsync(cluster, sandbox, background)), (created.Runs, created.Bytes));
    }

    [Fact]
    public async Task A_living_sandbox_is_recorded_every_minute_and_no_run_counts_twice()
    {
        await using var cluster = await GrainCluster.StartAsync();
        var sandbox = await CreateAsync(cluster);
        sandbox.Guest.CpuTime = TimeSpan.FromSeconds(1);
        var bytes = await RunAsync(cluster, sandbox);

        await cluster.Clock.AdvanceUntilAsync(
            async () => cluster.Usage.Calls(UsageOperation.Fold) >= 3 && await cluster.Usage.TotalAsync(Creator) is { Sandboxes: 1, CpuUs: 1_000_000, SandboxMs: > 120_000 },
            TimeSpan.FromSeconds(20), TimeSpan.FromMinutes(60));

        Assert.Equal(new UsageAmounts(Runs: 1, Bytes: bytes), await cluster.Usage.TotalAsync(Starter.Value));
    }

    [Fact]
    public async Task A_worker_that_dies_between_an_exit_and_the_next_fold_loses_nothing()
    {
        await using var cluster = await GrainCluster.StartAsync();
        var sandbox = await CreateAsync(cluster);
        var bytes = await RunAsync(cluster, sandbox);
        var worker = sandbox.Worker;
        await worker.KillAsync();
        Assert.Equal(default, await cluster.Usage.TotalAsync(Starter.Value));

        await worker.StartAsync();
        await cluster.WaitForHostsAsync();
        bytes += await RunAsync(cluster, sandbox);
        await sandbox.DeleteAsync();

        Assert.Equal(new UsageAmounts(Runs: 2, Bytes: bytes), await cluster.Usage.TotalAsync(Starter.Value));
        Assert.Equal(1, (await cluster.Usage.TotalAsync(Creator)).Sandboxes);
        await cluster.AgreesAsync();
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task A_worker_that_dies_while_a_delete_records_usage_counts_it_once(bool isRecorded)
    {
        await using var cluster = await GrainCluster.StartAsync();
        var sandbox = await CreateAsync(cluster);
        var bytes = await RunAsync(cluster, sandbox);
        using var fold = isRecorded
            ? cluster.Usage.HoldAnswer(UsageOperation.Fold, about: IsFinal)
            : cluster.Usage.Hold(UsageOperation.Fold, about: IsFinal);
        var worker = sandbox.Worker;
        var delete = sandbox.DeleteAsync();
        await fold.Reached.WaitAsync(TimeSpan.FromSeconds(20), TimeProvider.System, TestContext.Current.CancellationToken);

        await worker.KillAsync();
        fold.Dispose();
        await worker.StartAsync();
        await delete;

        Assert.Equal(new UsageAmounts(Runs: 1, Bytes: bytes), await cluster.Usage.TotalAsync(Starter.Value));
        Assert.Equal(1, (await cluster.Usage.TotalAsync(Creator)).Sandboxes);
        await cluster.AgreesAsync();
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task Time_counts_to_the_day_in_which_it_passed_also_when_the_worker_is_dead_at_midnight(bool isDeadAtMidnight)
    {
        await using var cluster = await GrainCluster.StartAsync();
        cluster.KeepFromOtherTests();
        var now = cluster.Clock.GetUtcNow();
        var midnight = new DateTimeOffset(now.UtcDateTime.Date.AddDays(1), TimeSpan.Zero);
        cluster.Clock.Advance(midnight - now - TimeSpan.FromMinutes(10));
        await cluster.WaitForHostsAsync();
        var sandbox = await CreateAsync(cluster);
        var created = (await sandbox.GetAsync()).CreatedAt;
        var bytes = await RunAsync(cluster, sandbox);
        var worker = sandbox.Worker;
        if (isDeadAtMidnight) await worker.KillAsync();
        cluster.Clock.Advance(midnight - cluster.Clock.GetUtcNow() + TimeSpan.FromSeconds(isDeadAtMidnight ? 30 : 0.1));
        if (isDeadAtMidnight) await worker.StartAsync();
        else await Until.TrueAsync(() => cluster.Usage.Calls(UsageOperation.Fold) > 0);
        cluster.Clock.Advance(TimeSpan.FromSeconds(30));
        await cluster.WaitForHostsAsync();

        await sandbox.DeleteAsync();

        var (before, after) = (DateOnly.FromDateTime(created.UtcDateTime), DateOnly.FromDateTime(midnight.UtcDateTime));
        var first = await cluster.Usage.TotalAsync(Creator, before);
        Assert.Equal((1, (long)(midnight - created).TotalMilliseconds), (first.Sandboxes, first.SandboxMs));
        var second = await cluster.Usage.TotalAsync(Creator, after);
        Assert.Equal(0, second.Sandboxes);
        Assert.InRange(second.SandboxMs, 30_000, 120_000);
        Assert.Equal(new UsageAmounts(Runs: 1, Bytes: bytes), await cluster.Usage.TotalAsync(Starter.Value));
        if (!isDeadAtMidnight) Assert.Equal(1, (await cluster.Usage.TotalAsync(Starter.Value, before)).Runs);
    }

    [Fact]
    public async Task A_delete_is_not_answered_while_its_usage_cannot_be_recorded()
    {
        await using var cluster = await GrainCluster.StartAsync();
        var sandbox = await CreateAsync(cluster);
        var bytes = await RunAsync(cluster, sandbox);
        using var away = cluster.Usage.Fail(UsageOperation.Fold);
        var delete = sandbox.DeleteAsync();
        await Until.TrueAsync(() => away.Hits > 1);
        Assert.False(delete.IsCompleted);

        away.Dispose();
        await delete;

        Assert.Equal(new UsageAmounts(Runs: 1, Bytes: bytes), await cluster.Usage.TotalAsync(Starter.Value));
    }

    [Fact]
    public async Task A_run_that_is_accepted_late_counts_as_well()
    {
        await using var cluster = await GrainCluster.StartAsync();
        var sandbox = await CreateAsync(cluster);
        using var list = cluster.Log.HoldAnswer(LogOperation.ListOpen, times: 1, about: subject => subject.StartsWith(sandbox.Id.Value, StringComparison.Ordinal));
        var delete = sandbox.DeleteAsync();
        await list.Reached.WaitAsync(TimeSpan.FromSeconds(20), TimeProvider.System, TestContext.Current.CancellationToken);
        var late = new Runs.RunRecord(
            Runs.RunId.New(), "hash", Runs.RunLanguage.Python, TimeSpan.FromMinutes(1), Runs.OnDisconnect.Continue, cluster.Clock.GetUtcNow(), Key: Starter.Value);
        await cluster.Log.CallAsync(LogOperation.Accept, sandbox.Id, late.Id, log => log.AcceptAsync(sandbox.Id, late, null, CancellationToken.None), writes: true, CancellationToken.None);
        list.Dispose();

        await delete;

        Assert.Equal(1, (await cluster.Usage.TotalAsync(Starter.Value)).Runs);
    }

    [Fact]
    public async Task An_older_guest_reports_no_cpu_time_and_everything_else_is_recorded()
    {
        await using var cluster = await GrainCluster.StartAsync();
        var sandbox = await CreateAsync(cluster);
        sandbox.Guest.CpuTime = null;
        await RunAsync(cluster, sandbox);

        await sandbox.DeleteAsync();

        Assert.Equal((1, 0), await cluster.Usage.TotalAsync(Creator) is var total ? (total.Sandboxes, total.CpuUs) : default);
    }

    private static bool IsFinal(string subject) => subject.EndsWith(" final", StringComparison.Ordinal);

    private static Task<TestSandbox> CreateAsync(GrainCluster cluster) => cluster.CreateAsync(spec => spec with
    {
        RamMib = 512,
        Origin = new AuditOrigin(AuditActor.Key(Creator, GrainCluster.Tenant)),
    });

    private static Task<long> RunAsync(GrainCluster cluster, TestSandbox sandbox) => RunAsync(cluster, sandbox, Starter);

    private static async Task<long> RunAsync(GrainCluster cluster, TestSandbox sandbox, KeyId? key)
    {
        var request = sandbox.Request(program => program.Print("some output\n").Print("and more\n")) with { Key = key };
        var run = await sandbox.StartRunAsync(Runs.RunId.New(), request);
        await run.ReadToEndAsync();
        return await LengthAsync(cluster, sandbox, run.Id);
    }

    private static async Task<long> LengthAsync(GrainCluster cluster, TestSandbox sandbox, Runs.RunId run) =>
        (await cluster.Log.LinesAsync(sandbox.Id, run)).Sum(line => Encoding.UTF8.GetByteCount(line) + 1L);
}
