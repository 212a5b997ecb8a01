using System.Collections.Immutable;
using Orleans.Storage;
using Podflare.Containers;
using Podflare.Sandboxes;

namespace Podflare.Hosts;

public sealed partial class HostGrain
{
    private static readonly TimeSpan Tick = TimeSpan.FromSeconds(1);

    private readonly Dictionary<SandboxId, Lease> _taken = [];
    private bool _dirty = true;
    private bool _sweeping;
    private DateTimeOffset _seenAt;
    private DateTimeOffset _sweptAt;
    private Task? _starting;

    public async Task<bool> Start()
    {
        if (!IsHome)
        {
            // Not only ended: whoever has this silo in its directory cache would begin another orphan here with its next call.
            DelayDeactivation(TimeSpan.Zero);
            this.MigrateOnIdle();
            return false;
        }

        if (_started) return true;
        if (_starting is null or { IsCompleted: true }) _starting = StartCoreAsync();
        await _starting;
        return true;
    }

    private async Task StartCoreAsync()
    {
        DelayDeactivation(Timeout.InfiniteTimeSpan);
        var containers = await runtime.ListAsync(CancellationToken.None);
        var known = _record.Value.Sandboxes.Keys.Select(id => SandboxId.Parse(id)).ToHashSet();

        // Those that an earlier attempt has adopted are counted already.
        await EachAsync(containers.Where(container => !_sandboxes.ContainsKey(container.Sandbox)), AdoptAsync);
        var found = containers.Select(container => container.Sandbox).ToHashSet();
        await EachAsync(known.Where(id => !found.Contains(id)), DeclareLostAsync);
        RemoveStaleFolders(found);

        // The last step that can fail: a host that counts as started without its timer would neither be seen nor sweep.
        await this.RegisterOrUpdateReminder(LostReminder, ReminderPeriod, ReminderPeriod);
        _started = true;
        _sweptAt = time.GetUtcNow();
        LogReady(Id, _sandboxes.Count);
        this.RegisterGrainTimer(OnTickAsync, new GrainTimerCreationOptions(Tick, Tick) { Interleave = true, KeepAlive = true });
        WatchDeathsAsync().Ignore();
    }

    private async Task OnTickAsync(CancellationToken cancellationToken)
    {
        var now = time.GetUtcNow();
        ExpireLeases(now);
        if (_dirty || now - _seenAt >= TimeSpan.FromSeconds(Options.SeenSeconds)) await WriteRecordAsync(now);
        if (_sweeping || now - _sweptAt < TimeSpan.FromSeconds(Options.SweepSeconds)) return;
        _sweeping = true;
        SweepAsync().Ignore();
    }

    private async Task WriteRecordAsync(DateTimeOffset now)
    {
        var sandboxes = _sandboxes.ToImmutableDictionary(pair => pair.Key.Value, pair => pair.Value.Tenant.Value);
        _dirty = false;
        try
        {
            await _record.WriteAsync(new HostRecord { LastSeen = now, Sandboxes = sandboxes });
            _seenAt = now;
        }
        catch (InconsistentStateException)
        {
            // Another activation wrote while we were away. We are home, so ours is the truth: take its version, write at the next tick.
            _dirty = true;
            await _record.ReadAsync();
        }
        catch (StorageUnavailableException)
        {
            _dirty = true;
        }
    }

    private void ExpireLeases(DateTimeOffset now)
    {
        // A container that nobody came for has held nobody's data, but who knows who holds its id: it is removed, never put back.
        foreach (var (sandbox, lease) in _leases.Where(pair => pair.Value.Until <= now).ToArray())
        {
            _leases.Remove(sandbox);
            LogLeaseExpired(sandbox);
            if (_moving.Add(sandbox)) RemoveAsync(sandbox, lease.Container.ContainerId).Ignore();
        }

        foreach (var (sandbox, _) in _taken.Where(pair => pair.Value.Until <= now).ToArray()) _taken.Remove(sandbox);
    }

    /// <summary>Compares engine, records and socket folders, and mends what does not belong together.</summary>
    private async Task SweepAsync()
    {
        try
        {
            var before = Known();
            var containers = await runtime.ListAsync(CancellationToken.None);
            var found = containers.ToDictionary(container => container.Sandbox);
            await EachAsync(containers.Where(container => !Known().Contains(container.Sandbox)), AdoptAsync);
            await EachAsync(containers.Where(container => before.Contains(container.Sandbox)), WakeAsync);
            await EachAsync(
                before.Where(id => _sandboxes.ContainsKey(id) && !_moving.Contains(id) && found.GetValueOrDefault(id) is not { Running: true }),
                DeclareLostAsync);
            RemoveStaleFolders([.. found.Keys]);
        }
        catch (Exception e)
        {
            LogSweepFailed(e, Id);
        }
        finally
        {
            _sweptAt = time.GetUtcNow();
            _sweeping = false;
        }
    }

    private HashSet<SandboxId> Known() => [.. _sandboxes.Keys, .. _leases.Keys, .. _taken.Keys, .. _moving];

    private async Task AdoptAsync(HostContainer container)
    {
        if (!_moving.Add(container.Sandbox)) return;
        _slots.Occupy();
        try
        {
            if (await AskToAdoptAsync(container))
            {
                _moving.Remove(container.Sandbox);
                if (!container.Running) await DeclareLostAsync(container.Sandbox);
                return;
            }
        }
        catch
        {
            _moving.Remove(container.Sandbox);
            _slots.Release();
            throw;
        }

        LogStrayRemoved(container.Sandbox);
        await RemoveAsync(container.Sandbox, container.Id);
    }

    /// <returns>False when the container is nobody's. Repeated until the sandbox could read and write its record.</returns>
    private async Task<bool> AskToAdoptAsync(HostContainer container)
    {
        while (true)
        {
            try
            {
                return await GrainFactory.GetGrain<ISandboxGrain>(container.Sandbox.Value).Adopt(container.Id) is not null;
            }
            catch (Exception e) when (IsPassing(e))
            {
                LogAdoptRepeated(e, container.Sandbox);
                await Task.Delay(Tick, time);
            }
        }
    }

    /// <summary>
    /// A sandbox whose grain was lost with the grain directory of a silo that died would keep neither its limits nor its runs' until
    /// somebody called it.
    /// </summary>
    private async Task WakeAsync(HostContainer container)
    {
        if (!_sandboxes.ContainsKey(container.Sandbox) || _moving.Contains(container.Sandbox)) return;
        try
        {
            if (await GrainFactory.GetGrain<ISandboxGrain>(container.Sandbox.Value).Adopt(container.Id) is not null) return;
        }
        catch (Exception e) when (IsPassing(e))
        {
            LogAdoptRepeated(e, container.Sandbox);
            return;
        }

        // It has ended, and the word of it was lost.
        if (_sandboxes.ContainsKey(container.Sandbox)) await Release(container.Sandbox, container.Id);
    }

    private async Task DeclareLostAsync(SandboxId sandbox)
    {
        try
        {
            await GrainFactory.GetGrain<ISandboxGrain>(sandbox.Value).DeclareLost();
        }
        catch (Exception e) when (IsPassing(e))
        {
            // It goes on by itself, or the next sweep asks again.
            LogLostRepeated(e, sandbox);
        }
    }

    /// <summary>Removes a container whose id is marked as moving, and gives its slot back.</summary>
    private async Task RemoveAsync(SandboxId sandbox, string containerId)
    {
        await _removals.WaitAsync();
        try
        {
            await guests.CloseAsync(sandbox);
            await RemoveContainerAsync(containerId);
        }
        finally
        {
            _removals.Release();
            _moving.Remove(sandbox);
            _slots.Release();
        }
    }

    // What the runtime could not remove, the sweep finds.
    private async Task RemoveContainerAsync(string containerId)
    {
        try
        {
            await runtime.RemoveAsync(containerId, CancellationToken.None);
        }
        catch (ContainerEngineException e)
        {
            LogRemoveFailed(e, containerId);
        }
    }

    private void RemoveStaleFolders(HashSet<SandboxId> found)
    {
        var living = found.Concat(Known()).Select(id => id.Tail).ToHashSet();
        foreach (var tail in guests.ListTails().Where(tail => !living.Contains(tail))) guests.RemoveStale(tail);
    }

    /// <summary>The engine tells of deaths at once; what it fails to tell, the sweep finds.</summary>
    private async Task WatchDeathsAsync()
    {
        while (!host.Draining && !_stopping.IsCancellationRequested)
        {
            try
            {
                await foreach (var death in runtime.WatchDeathsAsync(_stopping.Token))
                {
                    if (_sandboxes.ContainsKey(death.Sandbox)) DeclareLostAsync(death.Sandbox).Ignore();
                }
            }
            catch (Exception e) when (!_stopping.IsCancellationRequested)
            {
                LogWatchFailed(e, Id);
            }

            await Task.Delay(Tick, time);
        }
    }

    private async Task EachAsync<T>(IEnumerable<T> items, Func<T, Task> act)
    {
        using var gate = new SemaphoreSlim(Options.ConcurrentRemovals);
        await Task.WhenAll(items.ToArray().Select(async item =>
        {
            await gate.WaitAsync();
            try
            {
                await act(item);
            }
            finally
            {
                gate.Release();
            }
        }));
    }

    private static bool IsPassing(Exception e) =>
        e is StorageUnavailableException or SandboxUnreachableException or TimeoutException or SiloUnavailableException or OrleansMessageRejectionException;
}
