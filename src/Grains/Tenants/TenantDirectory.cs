using System.Collections.Concurrent;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;
using Podflare.Hosts;
using Podflare.Keys;

namespace Podflare.Tenants;

/// <summary>
/// All tenants as this process knows them, at most about a second old. It asks the registry each second which tenants have changed, and those
/// for their snapshots, so that requests need no call and no store.
/// </summary>
public sealed partial class TenantDirectory(
    IGrainFactory grains, HostSilos silos, IEnumerable<ITenantObserver> observers, IOptions<KeyOptions> options, TimeProvider time, ILogger<TenantDirectory> logger)
    : BackgroundService
{
    private const int ParallelReads = 16;

    private static readonly TimeSpan Interval = TimeSpan.FromSeconds(1);
    private static readonly TimeSpan StartUpInterval = TimeSpan.FromMilliseconds(50);
    private static readonly TimeSpan FullReadInterval = TimeSpan.FromMinutes(10);
    private static readonly TimeSpan AnswerLimit = TimeSpan.FromSeconds(5);

    private readonly ConcurrentDictionary<TenantId, TenantSnapshot> _tenants = new();

    // Tenants that have changed, and could not be read since the given time.
    private readonly ConcurrentDictionary<TenantId, long> _unread = new();
    private readonly SemaphoreSlim _refreshing = new(1);
    private readonly Lock _applying = new();
    private readonly TaskCompletionSource _loaded = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly ITenantObserver[] _observers = [.. observers];
    private Guid _epoch;
    private long _counter;
    private long _fullReadAt;
    private long _refreshedAt;
    private int _refreshes;
    private bool _isDelayed;

    /// <summary>Complete when all tenants have been read once.</summary>
    public Task Loaded => _loaded.Task;

    /// <summary>Nobody has created a tenant yet.</summary>
    public bool IsEmpty => _tenants.IsEmpty;

    /// <summary>Some tenants could not be read at all, so that a key that is not known may be one of theirs.</summary>
    public bool IsIncomplete => !Loaded.IsCompleted || !_unread.IsEmpty && _unread.Keys.Any(tenant => !_tenants.ContainsKey(tenant));

    /// <summary>The tenant, or null when nobody has created it.</summary>
    public TenantSnapshot? Find(TenantId tenant) => _tenants.GetValueOrDefault(tenant);

    /// <summary>What is known of a tenant is recent enough to decide by.</summary>
    public bool IsFresh(TenantId tenant) =>
        Loaded.IsCompleted && IsRecent(Volatile.Read(ref _refreshedAt)) && (_unread.IsEmpty || !_unread.TryGetValue(tenant, out var since) || IsRecent(since));

    /// <summary>Reads one tenant now, after a change through this process. If that fails, the change becomes known here with the next look at the registry.</summary>
    public async Task TryRefreshAsync(TenantId tenant, CancellationToken cancellationToken)
    {
        try
        {
            await RefreshAsync(tenant, cancellationToken);
        }
        catch (Exception e)
        {
            LogUnread(e, tenant);
        }
    }

    private async Task RefreshAsync(TenantId tenant, CancellationToken cancellationToken)
    {
        if (await grains.GetGrain<ITenantGrain>(tenant.Value).Snapshot().WaitAsync(AnswerLimit, time, cancellationToken) is { } snapshot) Apply(snapshot);
    }

    /// <summary>Reads what has changed now. Calls that wait at the same time share one request.</summary>
    /// <returns>False when the registry does not answer.</returns>
    public async Task<bool> RefreshAsync(CancellationToken cancellationToken)
    {
        var seen = Volatile.Read(ref _refreshes);
        await _refreshing.WaitAsync(cancellationToken);
        try
        {
            // Of those who waited only the first asks; one that was running may have missed the change, one that began later has not.
            if (Volatile.Read(ref _refreshes) - seen > 1) return true;
            await ReadChangesAsync(cancellationToken);
            return true;
        }
        catch (Exception e) when (!cancellationToken.IsCancellationRequested)
        {
            LogDelay(e);
            return false;
        }
        finally
        {
            _refreshing.Release();
        }
    }

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        try
        {
            while (true)
            {
                // Before this process has joined and a worker is there, a call would wait for its timeout.
                if (silos.Alive().Count > 0) await RefreshAsync(stoppingToken);
                await Task.Delay(Loaded.IsCompleted ? Interval : StartUpInterval, time, stoppingToken);
            }
        }
        catch (OperationCanceledException) when (stoppingToken.IsCancellationRequested)
        {
            // The process stops.
        }
    }

    private async Task ReadChangesAsync(CancellationToken cancellationToken)
    {
        var now = time.GetTimestamp();
        var isFull = _epoch == Guid.Empty || time.GetElapsedTime(_fullReadAt, now) >= FullReadInterval;
        var registry = grains.GetGrain<ITenantRegistryGrain>(ITenantRegistryGrain.Key);
        var changes = await registry.Changes(isFull ? Guid.Empty : _epoch, isFull ? 0 : _counter).WaitAsync(AnswerLimit, time, cancellationToken);
        if (isFull || changes.Epoch != _epoch) _fullReadAt = now;
        foreach (var tenant in changes.Tenants) _unread.TryAdd(tenant, now);
        (_epoch, _counter) = (changes.Epoch, changes.Counter);
        var read = await ReadAllAsync([.. _unread], now, cancellationToken);
        Volatile.Write(ref _refreshedAt, now);
        Interlocked.Increment(ref _refreshes);
        if (_isDelayed) LogCaughtUp();
        _isDelayed = false;

        // One record that cannot be read does not keep the others from their tenants.
        if (read > 0 || _unread.IsEmpty) _loaded.TrySetResult();
    }

    private async Task<int> ReadAllAsync(KeyValuePair<TenantId, long>[] changed, long now, CancellationToken cancellationToken)
    {
        var read = 0;
        await Parallel.ForEachAsync(changed, new ParallelOptions { MaxDegreeOfParallelism = ParallelReads, CancellationToken = cancellationToken }, async (change, token) =>
        {
            try
            {
                await RefreshAsync(change.Key, token);
                _unread.TryRemove(change);
                Interlocked.Increment(ref read);
            }
            catch (Exception e) when (!token.IsCancellationRequested)
            {
                if (change.Value == now) LogUnread(e, change.Key);
            }
        });
        return read;
    }

    private void Apply(TenantSnapshot snapshot)
    {
        lock (_applying)
        {
            // Two reads may overtake each other. A tenant whose record was lost and made again starts over.
            if (_tenants.TryGetValue(snapshot.Id, out var known) && known.CreatedAt == snapshot.CreatedAt && known.Version >= snapshot.Version) return;
            _tenants[snapshot.Id] = snapshot;
            foreach (var observer in _observers) observer.OnChanged(snapshot);
        }
    }

    private bool IsRecent(long timestamp) => time.GetElapsedTime(timestamp).TotalSeconds < options.Value.MaxStaleSeconds;

    private void LogDelay(Exception e)
    {
        if (!_isDelayed && Loaded.IsCompleted) LogNoAnswer(e);
        _isDelayed = true;
    }

    [LoggerMessage(LogLevel.Warning, "The registry of tenants does not answer; keys that are revoked now still work here. Trying again each second.")]
    private partial void LogNoAnswer(Exception exception);

    [LoggerMessage(LogLevel.Information, "The registry of tenants answers again.")]
    private partial void LogCaughtUp();

    [LoggerMessage(LogLevel.Warning, "Tenant {Tenant} could not be read; trying again.")]
    private partial void LogUnread(Exception exception, TenantId tenant);
}
