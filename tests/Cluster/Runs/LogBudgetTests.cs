using System.Globalization;
using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Options;
using Podflare.Sandboxes;
using Podflare.Streaming;
using Podflare.Tenants;
using StackExchange.Redis;

namespace Podflare.Runs;

/// <summary>Budgets of the log, and a server that has reached its <c>maxmemory</c>. It has a server of its own, since others must not be full.</summary>
public sealed class LogBudgetTests : IAsyncLifetime
{
    private static readonly TenantId Tenant = new("acme");

    private readonly RedisFixture _own = new();
    private readonly SandboxId _sandbox = SandboxId.New("0123abcd");
    private readonly List<RedisEventLog> _logs = [];
    private readonly Dictionary<RunId, long> _seqs = [];

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    public ValueTask InitializeAsync() => _own.InitializeAsync();

    public async ValueTask DisposeAsync()
    {
        foreach (var log in _logs) log.Dispose();
        await _own.DisposeAsync();
    }

    [Fact]
    public async Task Over_the_budget_of_a_sandbox_the_oldest_events_go_their_exits_stay_and_then_new_runs_are_refused()
    {
        var log = NewLog(new RunOptions { MaxSandboxLogBytes = 1_000_000 });
        var ended = new List<RunRecord>();
        for (var i = 0; i < 15; i++) ended.Add(await RunAsync(log, 100_000));
        var gone = ended.TakeWhile(run => log.ReadAfterAsync(_sandbox, run.Id, 0, 1, Cancel).GetAwaiter().GetResult() is null).Count();
        Assert.InRange(gone, 6, 7);
        foreach (var run in ended) Assert.True((await log.FindRunAsync(_sandbox, run.Id, Cancel))!.Ended);
        Assert.Null(await log.FindBoundsAsync(_sandbox, ended[0].Id, Cancel));
        Assert.NotNull(await log.FindBoundsAsync(_sandbox, ended[^1].Id, Cancel));

        var open = await AcceptAsync(log);
        var outcomes = new List<AppendOutcome>();
        for (var i = 0; i < 12; i++) outcomes.Add(await AppendAsync(log, open, 100_000));
        Assert.False(outcomes[0].OverBudget);
        Assert.True(outcomes[^1].OverBudget);
        Assert.Null(await log.FindBoundsAsync(_sandbox, ended[^1].Id, Cancel));
        Assert.Equal(LogBudgetScope.Sandbox, (await Assert.ThrowsAsync<LogBudgetExceededException>(() => AcceptAsync(log))).Scope);
        await EndAsync(log, open);
        await AcceptAsync(log);
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task Over_the_budget_of_tenant_or_cluster_the_events_of_ended_runs_go_and_then_new_runs_are_refused(bool ofTenant)
    {
        var limits = ofTenant ? new RunOptions { MaxTenantLogBytes = 1024 * 1024 } : new RunOptions { MaxClusterLogBytes = 1024 * 1024 };
        var (first, second) = (NewLog(limits), NewLog(limits));
        var other = SandboxId.New("0123abcd");
        var ended = await RunAsync(first, 400_000);
        var (openHere, openThere) = (await AcceptAsync(first), await AcceptAsync(second, other));
        await AppendAsync(first, openHere, 400_000);
        await AppendAsync(second, openThere, 800_000, other);

        // Two processes: each knows the other's sum.
        await Eventually(async () => await first.FindBoundsAsync(_sandbox, ended.Id, Cancel) is null);
        var scope = LogBudgetScope.Sandbox;
        await Eventually(async () =>
        {
            try
            {
                await first.WithdrawAsync(_sandbox, (await AcceptAsync(first)).Id, Cancel);
                return false;
            }
            catch (LogBudgetExceededException e)
            {
                scope = e.Scope;
                return true;
            }
        });
        Assert.Equal(ofTenant ? LogBudgetScope.Tenant : LogBudgetScope.Cluster, scope);
        Assert.True((await first.FindRunAsync(_sandbox, ended.Id, Cancel))!.Ended);

        await EndAsync(second, openThere, other);
        await Eventually(async () =>
        {
            try
            {
                await AcceptAsync(first);
                return true;
            }
            catch (LogBudgetExceededException)
            {
                return false;
            }
        });
    }

    [Fact]
    public async Task At_the_share_of_maxmemory_new_runs_stop_and_open_ones_continue()
    {
        var log = NewLog(new RunOptions());
        var open = await AcceptAsync(log);
        await LimitMemoryAsync(headroom: 100_000);
        await Eventually(async () =>
        {
            try
            {
                await log.WithdrawAsync(_sandbox, (await AcceptAsync(log)).Id, Cancel);
                return false;
            }
            catch (LogBudgetExceededException e)
            {
                return e.Scope is LogBudgetScope.Cluster;
            }
        });
        Assert.Equal(AppendResult.Done, (await AppendAsync(log, open, 1_000)).Result);
    }

    [Fact]
    public async Task A_full_server_still_takes_output_exits_and_deletes()
    {
        var log = NewLog(new RunOptions());
        var ended = await RunAsync(log, 300_000);
        var (first, second) = (await AcceptAsync(log), await AcceptAsync(log));
        await AppendAsync(log, first, 100_000);
        await LimitMemoryAsync(headroom: -1);
        await Assert.ThrowsAsync<RedisServerException>(() => _own.Redis.GetDatabase().StringSetAsync("more", new byte[100]));

        Assert.Equal(AppendResult.Done, (await AppendAsync(log, first, 100_000)).Result);
        Assert.Null(await log.FindBoundsAsync(_sandbox, ended.Id, Cancel));
        await LimitMemoryAsync(headroom: -1);
        Assert.Equal(AppendResult.Done, (await AppendAsync(log, first, 100_000)).Result);
        Assert.Equal(_seqs[first.Id], (await log.FindBoundsAsync(_sandbox, first.Id, Cancel))!.LastSeq);
        await LimitMemoryAsync(headroom: -100_000);
        await EndAsync(log, first);
        await EndAsync(log, second);
        await log.ExpireAsync(_sandbox, deleted: true, Cancel);
        Assert.Empty(await log.ListOpenAsync(_sandbox, Cancel));
        Assert.True((await log.FindRunAsync(_sandbox, second.Id, Cancel))!.Ended);
    }

    [Fact]
    public async Task The_record_and_the_bounds_of_a_run_are_read_without_an_event()
    {
        var log = NewLog(new RunOptions());
        var run = await RunAsync(log, 400_000);
        await _own.Redis.GetServers()[0].ExecuteAsync("CONFIG", "RESETSTAT");
        await log.FindRunAsync(_sandbox, run.Id, Cancel);
        Assert.Equal(_seqs[run.Id] + 1, (await log.FindBoundsAsync(_sandbox, run.Id, Cancel))!.LastSeq);
        var stats = (await _own.Redis.GetServers()[0].InfoAsync("stats")).SelectMany(section => section);
        Assert.InRange(long.Parse(stats.Single(pair => pair.Key == "total_net_output_bytes").Value, CultureInfo.InvariantCulture), 1, 20_000);
    }

    private static async Task Eventually(Func<Task<bool>> condition)
    {
        for (var i = 0; i < 100; i++)
        {
            if (await condition()) return;
            await Task.Delay(TimeSpan.FromMilliseconds(100), TimeProvider.System, Cancel);
        }

        Assert.Fail("The condition was not met within 10 seconds.");
    }

    private RedisEventLog NewLog(RunOptions options)
    {
        var log = new RedisEventLog(_own.Redis, Options.Create(options), TimeProvider.System, NullLogger<RedisEventLog>.Instance);
        _logs.Add(log);
        return log;
    }

    private async Task<RunRecord> AcceptAsync(RedisEventLog log, SandboxId? sandbox = null)
    {
        var run = EventLogTests.NewRecord() with { Keyless = true };
        await log.AcceptAsync(sandbox ?? _sandbox, run, Tenant, Cancel);
        return run;
    }

    private async Task<AppendOutcome> AppendAsync(RedisEventLog log, RunRecord run, int size, SandboxId? sandbox = null)
    {
        var seq = _seqs.GetValueOrDefault(run.Id);
        var batch = EventLogTests.Lines(seq + 1, Math.Max(1, size / 50_000), Math.Min(size, 50_000));
        var outcome = await log.AppendAsync(sandbox ?? _sandbox, run.Id, new LogAppend(seq, 0, batch, (ulong)batch.LastSeq, null, run), Cancel);
        Assert.Equal(AppendResult.Done, outcome.Result);
        _seqs[run.Id] = batch.LastSeq;
        return outcome;
    }

    private async Task EndAsync(RedisEventLog log, RunRecord run, SandboxId? sandbox = null)
    {
        var seq = _seqs.GetValueOrDefault(run.Id);
        var append = new LogAppend(seq, 0, EventLogTests.Exit(seq + 1), (ulong)seq + 1, EventLogTests.Ending(), run);
        Assert.Equal(AppendResult.Done, (await log.AppendAsync(sandbox ?? _sandbox, run.Id, append, Cancel)).Result);
    }

    private async Task<RunRecord> RunAsync(RedisEventLog log, int size)
    {
        var run = await AcceptAsync(log);
        await AppendAsync(log, run, size);
        await EndAsync(log, run);
        return run;
    }

    private async Task LimitMemoryAsync(long headroom)
    {
        var server = _own.Redis.GetServers()[0];
        var used = long.Parse((await server.InfoAsync("memory")).SelectMany(s => s).Single(pair => pair.Key == "used_memory").Value, CultureInfo.InvariantCulture);
        await server.ConfigSetAsync("maxmemory", used + headroom);
    }
}
