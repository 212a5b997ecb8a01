using Microsoft.Extensions.Options;
using Microsoft.Extensions.Time.Testing;
using Podflare.Limits;
using Podflare.Sandboxes;
using Podflare.Tenants;

namespace Podflare.Runs;

public sealed class MemoryEventLogTests : EventLogTests, IDisposable
{
    private static readonly RunOptions Limits = new() { MaxMemoryLogBytes = 4 * 1024 * 1024, MaxMemoryLogRuns = 300 };

    private readonly FakeTimeProvider _time = new(Now);
    private readonly MemoryEventLog _log;

    public MemoryEventLogTests() => _log = new MemoryEventLog(Options.Create(Limits), _time);

    protected override IEventLog Log => _log;

    public void Dispose() => _log.Dispose();

    [Fact]
    public async Task Events_go_after_an_hour_and_the_record_after_a_day()
    {
        var run = await AcceptAsync();
        await AppendAsync(run, Lines(1, 5));
        await AppendAsync(run, Exit(6), ending: Ending());
        _time.Advance(TimeSpan.FromMinutes(59));
        Assert.NotNull(await ReadAsync(run, 0));
        _time.Advance(TimeSpan.FromMinutes(1));
        Assert.Null(await ReadAsync(run, 0));
        Assert.Equal(0, _log.Bytes);
        Assert.True((await Log.FindRunAsync(Sandbox, run.Id, Cancel))!.Ended);
        _time.Advance(TimeSpan.FromHours(23));
        Assert.Null(await Log.FindRunAsync(Sandbox, run.Id, Cancel));
        Assert.True((await Log.AcceptAsync(Sandbox, run, null, Cancel)).IsNew);
    }

    [Fact]
    public async Task An_open_run_never_expires()
    {
        var run = await AcceptAsync();
        await AppendAsync(run, Lines(1, 5));
        _time.Advance(TimeSpan.FromDays(30));
        Assert.NotNull(await ReadAsync(run, 0));
        Assert.Equal(AppendResult.Done, (await AppendAsync(run, Lines(6, 1))).Result);
    }

    [Fact]
    public async Task The_list_of_an_ended_sandbox_goes_after_a_day()
    {
        var run = await AcceptAsync();
        await Log.ExpireAsync(Sandbox, deleted: false, Cancel);
        _time.Advance(TimeSpan.FromHours(23));
        Assert.Equal([run.Id], await Log.ListRunsAsync(Sandbox, Cancel));
        _time.Advance(TimeSpan.FromHours(1));
        Assert.Empty(await Log.ListRunsAsync(Sandbox, Cancel));
    }

    [Fact]
    public async Task Over_the_limit_ended_runs_give_way_first_and_then_the_longest_open_one()
    {
        var (ended, longest, small) = (await AcceptAsync(), await AcceptAsync(), await AcceptAsync());
        await AppendAsync(ended, Lines(1, 1000, 1000));
        await AppendAsync(ended, Exit(1001), ending: Ending());
        await AppendAsync(small, Lines(1, 500, 1000));
        for (var i = 0; i < 28; i++) await AppendAsync(longest, Lines(1 + 100 * i, 100, 1000));
        Assert.Null(await ReadAsync(ended, 0));
        Assert.Equal(1, (await ReadAsync(longest, 0))!.FirstSeq);

        for (var i = 28; i < 80; i++) Assert.Equal(AppendResult.Done, (await AppendAsync(longest, Lines(1 + 100 * i, 100, 1000))).Result);
        Assert.True(_log.Bytes <= Limits.MaxMemoryLogBytes);
        Assert.Equal(1, (await ReadAsync(small, 0))!.FirstSeq);
        Assert.True((await ReadAsync(longest, 0))!.FirstSeq > 1);
        Assert.Equal(8000, (await Log.FindBoundsAsync(Sandbox, longest.Id, Cancel))!.LastSeq);
        Assert.NotNull((await Log.FindRunAsync(Sandbox, ended.Id, Cancel))!.Exit);
    }

    [Fact]
    public async Task A_tenant_that_fills_the_log_loses_its_own_events_and_not_those_of_another()
    {
        var (acme, other) = (new TenantId("acme"), new TenantId("other"));
        var (loud, quiet) = (SandboxId.New("0123abcd"), SandboxId.New("0123abcd"));
        // The oldest of all, both of an ended and of an open run.
        var (ended, open) = (NewRecord(), NewRecord());
        await WriteAsync(quiet, ended, other, 0, 400);
        await _log.AppendAsync(quiet, ended.Id, new LogAppend(400, 0, Exit(401), 2, Ending()), Cancel);
        await WriteAsync(quiet, open, other, 0, 400);

        for (var run = 0; run < 20; run++)
        {
            var record = NewRecord();
            await WriteAsync(loud, record, acme, 0, 400);
            await _log.AppendAsync(loud, record.Id, new LogAppend(400, 0, Exit(401), 2, Ending()), Cancel);
        }

        var longest = NewRecord();
        for (var batch = 0; batch < 20; batch++) await WriteAsync(loud, longest, acme, batch * 400, 400);
        Assert.True(_log.Bytes <= Limits.MaxMemoryLogBytes);
        Assert.Equal(1, (await _log.FindBoundsAsync(quiet, ended.Id, Cancel))!.FirstSeq);
        Assert.Equal(1, (await _log.FindBoundsAsync(quiet, open.Id, Cancel))!.FirstSeq);
        Assert.True((await _log.FindBoundsAsync(loud, longest.Id, Cancel))!.FirstSeq > 1);

        async Task WriteAsync(SandboxId sandbox, RunRecord run, TenantId tenant, int after, int lines)
        {
            if (after == 0) await _log.AcceptAsync(sandbox, run, tenant, Cancel);
            Assert.Equal(AppendResult.Done, (await _log.AppendAsync(sandbox, run.Id, new LogAppend(after, 0, Lines(after + 1, lines, 1000), 1, null), Cancel)).Result);
        }
    }

    [Fact]
    public async Task With_nothing_to_give_way_only_an_exit_gets_in()
    {
        var runs = new List<RunRecord>();
        for (var i = 0; i < 4; i++) runs.Add(await AcceptAsync());
        foreach (var run in runs[..3]) await AppendAsync(run, Lines(1, 1200, 1000));
        await Assert.ThrowsAsync<StorageUnavailableException>(() => AppendAsync(runs[3], Lines(1, 1200, 1000)));
        Assert.Equal(AppendResult.Done, (await AppendAsync(runs[3], Exit(1), ending: Ending())).Result);
        await AppendAsync(runs[0], Exit(1201), ending: Ending());
        Assert.Equal(AppendResult.Done, (await AppendAsync(runs[1], Lines(1201, 1200, 1000))).Result);
    }

    [Fact]
    public async Task Over_the_budget_of_a_tenant_the_events_of_its_ended_runs_go_and_then_its_new_runs_are_refused()
    {
        using var log = new MemoryEventLog(Options.Create(new RunOptions { MaxTenantLogBytes = 1024 * 1024 }), _time);
        var (acme, other) = (new TenantId("acme"), new TenantId("other"));
        var (here, there, theirs) = (SandboxId.New("0123abcd"), SandboxId.New("0123abcd"), SandboxId.New("0123abcd"));
        var (ended, foreign, open) = (NewRecord(), NewRecord(), NewRecord());
        await WriteAsync(theirs, foreign, other, 400);
        await EndAsync(theirs, foreign, 400);
        await WriteAsync(here, ended, acme, 400);
        await EndAsync(here, ended, 400);
        Assert.NotNull(await log.FindBoundsAsync(here, ended.Id, Cancel));

        await WriteAsync(there, open, acme, 800);
        Assert.Null(await log.FindBoundsAsync(here, ended.Id, Cancel));
        Assert.True((await log.FindRunAsync(here, ended.Id, Cancel))!.Ended);
        Assert.NotNull(await log.FindBoundsAsync(theirs, foreign.Id, Cancel));

        // What an open run writes is never refused; new runs of the same tenant are, in every sandbox.
        Assert.Equal(AppendResult.Done, (await log.AppendAsync(there, open.Id, new LogAppend(800, 0, Lines(801, 400, 1000), 1, null), Cancel)).Result);
        foreach (var sandbox in new[] { here, there, SandboxId.New("0123abcd") })
            Assert.Equal(LogBudgetScope.Tenant, (await Assert.ThrowsAsync<LogBudgetExceededException>(() => log.AcceptAsync(sandbox, NewRecord(), acme, Cancel))).Scope);
        Assert.True((await log.AcceptAsync(theirs, NewRecord(), other, Cancel)).IsNew);

        await EndAsync(there, open, 1200);
        Assert.True((await log.AcceptAsync(here, NewRecord(), acme, Cancel)).IsNew);

        async Task WriteAsync(SandboxId sandbox, RunRecord run, TenantId tenant, int lines)
        {
            await log.AcceptAsync(sandbox, run, tenant, Cancel);
            await log.AppendAsync(sandbox, run.Id, new LogAppend(0, 0, Lines(1, lines, 1000), 1, null), Cancel);
        }

        Task EndAsync(SandboxId sandbox, RunRecord run, long seq) => log.AppendAsync(sandbox, run.Id, new LogAppend(seq, 0, Exit(seq + 1), 2, Ending()), Cancel);
    }

    [Theory]
    [InlineData(64, true)]
    [InlineData(1, false)]
    public async Task Over_the_output_bytes_of_a_tenant_its_own_ended_runs_give_way_and_the_refusal_names_the_lower_limit(int serverMib, bool isOfTenant)
    {
        var (acme, other) = (new TenantId("acme"), new TenantId("other"));
        var limits = new LimitOptions().Apply(new TenantLimits { OutputBytes = 2 * 1024 * 1024 });
        using var log = new MemoryEventLog(Options.Create(new RunOptions { MaxTenantLogBytes = serverMib * 1024L * 1024 }), _time, new LimitsOf(acme, limits));
        var (here, there, theirs) = (SandboxId.New("0123abcd"), SandboxId.New("0123abcd"), SandboxId.New("0123abcd"));
        var (ended, foreign, open) = (NewRecord(), NewRecord(), NewRecord());
        await WriteAsync(theirs, foreign, other, 300);
        await EndAsync(theirs, foreign, 300);
        await WriteAsync(here, ended, acme, 300);
        await EndAsync(here, ended, 300);

        await WriteAsync(there, open, acme, 2_400);

        Assert.Null(await log.FindBoundsAsync(here, ended.Id, Cancel));
        Assert.True((await log.FindRunAsync(here, ended.Id, Cancel))!.Ended);
        Assert.NotNull(await log.FindBoundsAsync(theirs, foreign.Id, Cancel));
        foreach (var sandbox in new[] { here, there, SandboxId.New("0123abcd") })
        {
            var refusal = await Assert.ThrowsAnyAsync<PodflareException>(() => log.AcceptAsync(sandbox, NewRecord(), acme, Cancel));
            if (isOfTenant) Assert.IsType<OutputQuotaExceededException>(refusal);
            else Assert.Equal(LogBudgetScope.Tenant, Assert.IsType<LogBudgetExceededException>(refusal).Scope);
        }

        Assert.True((await log.AcceptAsync(theirs, NewRecord(), other, Cancel)).IsNew);
        await EndAsync(there, open, 2_400);
        Assert.True((await log.AcceptAsync(here, NewRecord(), acme, Cancel)).IsNew);

        async Task WriteAsync(SandboxId sandbox, RunRecord run, TenantId tenant, int lines)
        {
            await log.AcceptAsync(sandbox, run, tenant, Cancel);
            await log.AppendAsync(sandbox, run.Id, new LogAppend(0, 0, Lines(1, lines, 1000), 1, null), Cancel);
        }

        Task EndAsync(SandboxId sandbox, RunRecord run, long seq) => log.AppendAsync(sandbox, run.Id, new LogAppend(seq, 0, Exit(seq + 1), 2, Ending()), Cancel);
    }

    [Fact]
    public async Task Over_the_limit_of_records_the_oldest_ended_one_goes_and_open_ones_stay()
    {
        var first = await AcceptAsync();
        await AppendAsync(first, Exit(1), ending: Ending());
        List<RunRecord> open = [];
        for (var i = 1; i < Limits.MaxMemoryLogRuns; i++) open.Add(await AcceptAsync());
        Assert.NotNull(await Log.FindRunAsync(Sandbox, first.Id, Cancel));
        open.Add(await AcceptAsync());
        Assert.Null(await Log.FindRunAsync(Sandbox, first.Id, Cancel));
        await Assert.ThrowsAsync<StorageUnavailableException>(AcceptAsync);
        Assert.Equal(Limits.MaxMemoryLogRuns, (await Log.ListOpenAsync(Sandbox, Cancel)).Count);
    }

    [Fact]
    public async Task Many_writers_at_once_stay_within_the_limit_and_in_order()
    {
        await Task.WhenAll(Enumerable.Range(0, 8).Select(_ => Task.Run(async () =>
        {
            var sandbox = SandboxId.New("0123abcd");
            for (var i = 0; i < 20; i++)
            {
                var record = NewRecord();
                await Log.AcceptAsync(sandbox, record, null, Cancel);
                for (var n = 0; n < 30; n++)
                {
                    var batch = Lines(1 + 50 * n, 50, 200);
                    var outcome = await Log.AppendAsync(sandbox, record.Id, new LogAppend(50 * n, 0, batch, 1, null), Cancel);
                    Assert.Equal(AppendResult.Done, outcome.Result);
                }

                await Log.AppendAsync(sandbox, record.Id, new LogAppend(1500, 0, Exit(1501), 1, Ending()), Cancel);
            }
        })));
        Assert.InRange(_log.Bytes, 1, Limits.MaxMemoryLogBytes);
    }

    private sealed class LimitsOf(TenantId only, EffectiveLimits limits) : ITenantLimits
    {
        public Task Loaded => Task.CompletedTask;

        public EffectiveLimits? Find(TenantId tenant) => tenant == only ? limits : null;
    }
}
