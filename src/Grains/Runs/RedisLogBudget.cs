using System.Collections.Concurrent;
using System.Globalization;
using Microsoft.Extensions.Logging;
using Podflare.Limits;
using Podflare.Resilience;
using Podflare.Sandboxes;
using Podflare.Tenants;
using StackExchange.Redis;

namespace Podflare.Runs;

/// <summary>
/// The log budgets of tenants and of the cluster, and the share of Redis' memory that new runs may use. The scripts report the bytes of a
/// sandbox with each write; the sums are exchanged between the processes every two seconds, so they are approximate and cost the runs nothing.
/// </summary>
internal sealed partial class RedisLogBudget(IConnectionMultiplexer redis, RunOptions options, TenantLogLimits tenants, TimeProvider time, ILogger logger) : IDisposable
{
    private const int RunsPerEviction = 64;
    private const int EvictionsPerPass = 32;
    private const int EvictionsPerAccept = 8;
    private const int RefreshesPerPass = 16;

    private static readonly TimeSpan Interval = TimeSpan.FromSeconds(2);
    private static readonly TimeSpan RefreshAfter = TimeSpan.FromMinutes(1);
    private static readonly TimeSpan SumExpiry = TimeSpan.FromHours(1);
    private static readonly TimeSpan ProcessExpiry = TimeSpan.FromMinutes(1);

    private readonly string _process = Guid.NewGuid().ToString("N");
    private readonly ConcurrentDictionary<SandboxId, Usage> _sandboxes = new();
    private readonly CancellationTokenSource _stop = new();
    private HashSet<string> _reported = [];
    private volatile Verdict _verdict = new([], ClusterExceeded: false, MemoryExceeded: false);
    private int _started;
    private bool _failed;

    /// <summary>Returns when the tenant may start a run in this sandbox. Calls Redis only where a budget is exceeded.</summary>
    /// <exception cref="StorageUnavailableException">A budget is exceeded, and Redis does not answer.</exception>
    /// <exception cref="LogBudgetExceededException">It may not, and there are no events of ended runs that could make room.</exception>
    /// <exception cref="OutputQuotaExceededException">As before, for a limit that is the tenant's own.</exception>
    public async Task CheckAsync(TenantId tenant, SandboxId sandbox, CancellationToken cancellationToken)
    {
        Start();
        var verdict = _verdict;
        if (verdict.MemoryExceeded) throw LogMetrics.Refuse(LogBudgetScope.Cluster);
        if (!verdict.ClusterExceeded && !verdict.Tenants.Contains(tenant.Value)) return;
        try
        {
            if (await EvictAsync(sandbox, keep: 0).WaitAsync(cancellationToken) > 0) return;
            if (!verdict.ClusterExceeded && await EvictAnyAsync(tenant).WaitAsync(cancellationToken)) return;
        }
        catch (Exception e) when (e is RedisException or TimeoutException)
        {
            throw new StorageUnavailableException();
        }

        throw verdict.ClusterExceeded ? LogMetrics.Refuse(LogBudgetScope.Cluster) : tenants.Refuse(tenant);
    }

    /// <summary>A script has reported the bytes of a sandbox.</summary>
    /// <param name="tenant">Its tenant, where the caller knows it.</param>
    public void Record(SandboxId sandbox, TenantId? tenant, long bytes)
    {
        var now = time.GetTimestamp();
        if (_sandboxes.TryGetValue(sandbox, out var known)) known.Update(bytes, now, tenant?.Value);
        else _sandboxes[sandbox] = new Usage(bytes, now, tenant?.Value);
    }

    /// <summary>The sandbox has ended: what is kept of it expires.</summary>
    public void Forget(SandboxId sandbox) => _sandboxes.TryRemove(sandbox, out _);

    public void Dispose()
    {
        _stop.Cancel();
        _stop.Dispose();
    }

    /// <summary>One pass: exchanges the sums, reads Redis' memory, and removes the oldest events where a budget is exceeded.</summary>
    internal async Task CheckBudgetsAsync()
    {
        var memoryExceeded = await ReadMemoryAsync();
        await RefreshAsync();
        var byTenant = _sandboxes.Values.Where(usage => usage.Tenant is not null).GroupBy(usage => usage.Tenant!).ToDictionary(group => group.Key, group => group.Sum(usage => usage.Bytes));
        var cluster = await ExchangeAsync(RedisKeys.Cluster, _sandboxes.Values.Sum(usage => usage.Bytes));
        LogMetrics.SetHeld(cluster);

        HashSet<string> exceeded = [];
        foreach (var tenant in _reported.Union(byTenant.Keys).ToArray())
        {
            if (await ExchangeAsync(RedisKeys.Tenant(tenant), byTenant.GetValueOrDefault(tenant)) > tenants.MaxBytesOf(new TenantId(tenant))) exceeded.Add(tenant);
        }

        _reported = [.. byTenant.Keys];
        _verdict = new Verdict(exceeded, cluster > options.MaxClusterLogBytes, memoryExceeded);
        if (exceeded.Count == 0 && !_verdict.ClusterExceeded && !memoryExceeded) return;
        var everyone = _verdict.ClusterExceeded || memoryExceeded;
        foreach (var (sandbox, _) in _sandboxes.Where(pair => everyone || (pair.Value.Tenant is { } tenant && exceeded.Contains(tenant)))
            .OrderByDescending(pair => pair.Value.Bytes).Take(EvictionsPerPass).ToArray()) await EvictAsync(sandbox, keep: 0);
    }

    private void Start()
    {
        if (Volatile.Read(ref _started) == 1 || Interlocked.Exchange(ref _started, 1) == 1) return;
        using (ExecutionContext.SuppressFlow()) Background.Run(logger, "log-budget", Task.Run(RunAsync));
    }

    private async Task RunAsync()
    {
        while (!_stop.IsCancellationRequested)
        {
            try
            {
                await CheckBudgetsAsync();
                _failed = false;
            }
            catch (Exception e) when (e is RedisException or TimeoutException or ObjectDisposedException)
            {
                // Once per outage: the budgets stay as they were last known.
                if (!_failed) LogFailed(e);
                _failed = true;
            }

            await Task.Delay(Interval, time, _stop.Token);
        }
    }

    /// <summary>Events also expire without any write. The sandboxes that have not written for the longest time are asked, some in each pass.</summary>
    private async Task RefreshAsync()
    {
        foreach (var (sandbox, _) in _sandboxes.Where(pair => pair.Value.Bytes > 0 && time.GetElapsedTime(pair.Value.RecordedAt) > RefreshAfter)
            .OrderBy(pair => pair.Value.RecordedAt).Take(RefreshesPerPass).ToArray()) await EvictAsync(sandbox, keep: long.MaxValue / 2);
    }

    /// <summary>Removes events of ended runs in the largest sandboxes of a tenant that this process serves.</summary>
    private async Task<bool> EvictAnyAsync(TenantId tenant)
    {
        foreach (var (sandbox, _) in _sandboxes.Where(pair => pair.Value.Tenant == tenant.Value && pair.Value.Bytes > 0)
            .OrderByDescending(pair => pair.Value.Bytes).Take(EvictionsPerAccept).ToArray())
        {
            if (await EvictAsync(sandbox, keep: 0) > 0) return true;
        }

        return false;
    }

    /// <returns>The ended runs whose events were removed.</returns>
    private async Task<int> EvictAsync(SandboxId sandbox, long keep)
    {
        var reply = (RedisResult[])(await redis.GetDatabase().ScriptEvaluateAsync(
            RedisScripts.Evict, [RedisKeys.Run(sandbox, default), RedisKeys.Log(sandbox), RedisKeys.Closed(sandbox)], [keep, RunsPerEviction]))!;
        Record(sandbox, null, (long)reply[1]);
        var runs = (int)reply[0];
        if (runs > 0) LogMetrics.EvictedRuns.Add(runs);
        return runs;
    }

    /// <summary>Reports this process's sum and returns that of all processes. What a process reported last is ignored a minute later.</summary>
    private async Task<long> ExchangeAsync(RedisKey key, long bytes)
    {
        var (db, now) = (redis.GetDatabase(), time.GetUtcNow().ToUnixTimeSeconds());
        var writing = db.HashSetAsync(key, _process, $"{bytes} {now}");
        var expiring = db.KeyExpireAsync(key, SumExpiry);
        var entries = await db.HashGetAllAsync(key);
        try
        {
            await writing;
            await expiring;
        }
        catch (RedisServerException e) when (RedisCalls.IsOutOfMemory(e.Message))
        {
            // Redis is full: this process's own sum is what counts now.
        }

        var sum = bytes;
        foreach (var entry in entries)
        {
            if (entry.Name == _process || ((string)entry.Value!).Split(' ') is not [var held, var at]) continue;
            var age = now - long.Parse(at, CultureInfo.InvariantCulture);
            if (age <= ProcessExpiry.TotalSeconds) sum += long.Parse(held, CultureInfo.InvariantCulture);
            else await db.HashDeleteAsync(key, entry.Name);
        }

        return sum;
    }

    private async Task<bool> ReadMemoryAsync()
    {
        var (used, limit, exceeded) = (0L, 0L, false);
        foreach (var server in redis.GetServers().Where(server => server is { IsConnected: true, IsReplica: false }))
        {
            var memory = (await server.InfoAsync("memory")).SelectMany(section => section).ToDictionary(pair => pair.Key, pair => pair.Value);
            var (its, max) = (Number(memory, "used_memory"), Number(memory, "maxmemory"));
            exceeded |= max > 0 && its >= max / 100.0 * options.MaxMemoryPercent;
            if (used == 0 || its * (double)Math.Max(limit, 1) > used * (double)Math.Max(max, 1)) (used, limit) = (its, max);
        }

        LogMetrics.SetMemory(used, limit);
        return exceeded;
    }

    private static long Number(Dictionary<string, string> fields, string name) =>
        long.TryParse(fields.GetValueOrDefault(name), NumberStyles.None, CultureInfo.InvariantCulture, out var value) ? value : 0;

    [LoggerMessage(LogLevel.Warning, "The log budgets could not be checked.")]
    private partial void LogFailed(Exception exception);

    private sealed record Verdict(HashSet<string> Tenants, bool ClusterExceeded, bool MemoryExceeded);

    private sealed class Usage(long bytes, long recordedAt, string? tenant)
    {
        public long Bytes { get; private set; } = bytes;

        public long RecordedAt { get; private set; } = recordedAt;

        public string? Tenant { get; private set; } = tenant;

        public void Update(long bytes, long at, string? tenant) => (Bytes, RecordedAt, Tenant) = (bytes, at, tenant ?? Tenant);
    }
}
