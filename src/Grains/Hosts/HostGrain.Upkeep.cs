using System.Collections.Immutable;
using Orleans.Storage;
using Podflare.Containers;
using Podflare.Sandboxes;
using Podflare.Storage;
using Podflare.Telemetry;

namespace Podflare.Hosts;

public sealed partial class HostGrain
{
    private static readonly TimeSpan Tick = TimeSpan.FromSeconds(1);
    private static readonly TimeSpan ShortPause = TimeSpan.FromMilliseconds(50);
    private static readonly TimeSpan WayBack = TimeSpan.FromMilliseconds(10);

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
        foreach (var container in containers) _pool.Capacity.Take(container.Sandbox, container.MemoryBytes);
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
        _pool.Tick();
    }

    public async Task Retire()
    {
        if (!IsHome) return;
        host.Drain();
        _pool.Close();
        var until = time.GetUtcNow() + TimeSpan.FromSeconds(Options.RetireSeconds);
        while (!(_pool.IsEmpty && _moving.Count == 0) && time.GetUtcNow() < until) await Task.Delay(ShortPause, time);
    }

    private async Task OnTickAsync(CancellationToken cancellationToken)
    {
        var now = time.GetUtcNow();
        SayFigures();
        ExpireLeases(now);
        _pool.Tick();
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
            Instruments.SweepRemoved.Add(1, new KeyValuePair<string, object?>("reason", "lease"));
            if (_moving.Add(sandbox)) RemoveAsync(sandbox, lease.Container.ContainerId).Ignore();
        }

        foreach (var (sandbox, _) in _taken.Where(pair => pair.Value.Until <= now).ToArray()) _taken.Remove(sandbox);
    }

    /// <summary>Compares engine, records and socket folders, and mends what does not belong together.</summary>
    private async Task SweepAsync()
    {
        try
        {
            var before = _sandboxes.Keys.ToArray();
            var containers = await runtime.ListAsync(CancellationToken.None);
            var found = containers.ToDictionary(container => container.Sandbox);
            await EachAsync(containers.Where(container => !IsKnown(container.Sandbox)), AdoptAsync);
            await EachAsync(containers.Where(container => before.Contains(container.Sandbox)), WakeAsync);
            await EachAsync(
                before.Where(id => _sandboxes.ContainsKey(id) && !_moving.Contains(id) && found.GetValueOrDefault(id) is not { Running: true }),
                DeclareLostAsync);
            foreach (var dead in containers.Where(container => !container.Running)) _pool.Drop(dead.Sandbox);
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

    private bool IsKnown(SandboxId id) =>
        _sandboxes.ContainsKey(id) || _leases.ContainsKey(id) || _taken.ContainsKey(id) || _moving.Contains(id) || _pool.Has(id);

    private async Task AdoptAsync(HostContainer container)
    {
        // What was unknown when it was listed may have been claimed or removed since.
        if (IsKnown(container.Sandbox) || !_moving.Add(container.Sandbox)) return;
        _pool.Capacity.Take(container.Sandbox, container.MemoryBytes);
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
            _pool.Release(container.Sandbox);
            throw;
        }

        LogStrayRemoved(container.Sandbox);
        Instruments.SweepRemoved.Add(1, new KeyValuePair<string, object?>("reason", "stray"));
        // Not awaited: a worker that comes back with many parked containers takes new sandboxes before the last of them is gone.
        RemoveAsync(container.Sandbox, container.Id).Ignore();
    }

    /// <returns>False when the container is nobody's. Repeated until the sandbox could read and write its record.</returns>
    private async Task<bool> AskToAdoptAsync(HostContainer container)
    {
        var pause = ShortPause;
        while (true)
        {
            try
            {
                EnterTrace(container.Sandbox);
                if (await GrainFactory.GetGrain<ISandboxGrain>(container.Sandbox.Value).Adopt(container.Id) is not { } adopted) return false;
                traces.Note(adopted.Id, adopted.Tenant.Value, adopted.Trace);
                return true;
            }
            catch (Exception e) when (IsPassing(e))
            {
                LogAdoptRepeated(e, container.Sandbox);
                await Task.Delay(pause, time);
                pause = pause * 2 < Tick ? pause * 2 : Tick;
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
            EnterTrace(container.Sandbox);
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
            EnterTrace(sandbox);
            if (await GrainFactory.GetGrain<ISandboxGrain>(sandbox.Value).DeclareLost()) Instruments.SweepEnded.Add(1, new KeyValuePair<string, object?>("reason", "container"));
        }
        catch (Exception e) when (IsPassing(e))
        {
            // It goes on by itself, or the next sweep asks again.
            LogLostRepeated(e, sandbox);
        }
    }

    private void EnterTrace(SandboxId sandbox)
    {
        if (traces.FindSandbox(sandbox.Value)?.Trace is { } trace) CallContext.Set(trace.TraceParent, trace);
    }

    private void RemoveStaleFolders(HashSet<SandboxId> found)
    {
        // Those that this process knows have their socket open, and stay.
        var living = found.Select(id => id.Tail).ToHashSet();
        foreach (var tail in guests.ListTails().Where(tail => !living.Contains(tail)))
        {
            if (guests.RemoveStale(tail)) Instruments.SweepRemoved.Add(1, new KeyValuePair<string, object?>("reason", "folder"));
        }
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
                    else _pool.Drop(death.Sandbox);
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
