using Microsoft.Extensions.Logging;
using Podflare.Containers;
using Podflare.Sandboxes;

namespace Podflare.Hosts;

internal sealed partial class ContainerPool
{
    private static readonly TimeSpan FirstPause = TimeSpan.FromSeconds(1);
    private static readonly TimeSpan LongestPause = TimeSpan.FromMinutes(1);

    // On their way out to make room for claims of another kind.
    private readonly HashSet<SandboxId> _evicted = [];
    private int _filling;

    /// <summary>Once a second: goes on after a pause, and lets go of what demand no longer asks for, one at a time.</summary>
    public void Tick()
    {
        var now = _time.GetUtcNow();
        foreach (var pool in _pools)
        {
            if (pool.Parked.Count > pool.Demand.Target(now)) Discard(Unpark(pool, pool.Parked.First!.Value));
        }

        Fill();
    }

    /// <summary>A container has died, or is listed as dead.</summary>
    /// <returns>False when it is not a parked one.</returns>
    public bool Drop(SandboxId sandbox)
    {
        foreach (var pool in _pools)
        {
            if (pool.Parked.FirstOrDefault(ready => ready.Sandbox == sandbox) is not { } dead) continue;
            LogDied(sandbox, pool.Name);
            Discard(Unpark(pool, dead));
            Fill();
            return true;
        }

        return false;
    }

    /// <summary>Refuses all claims, and removes what is parked or becomes ready from now on.</summary>
    public void Close()
    {
        _closed = true;
        foreach (var claim in _line.InOrder())
        {
            _line.Leave(claim, served: false);
            claim.Refuse(new NoCapacityException());
        }

        foreach (var pool in _pools)
        {
            while (pool.Parked.First is { } first) Discard(Unpark(pool, first.Value));
        }
    }

    /// <summary>Nothing is parked, being started, or on its way out any more.</summary>
    public bool IsEmpty => _starting == 0 && _inHand.Count == 0 && _pools.All(pool => pool.Parked.Count == 0);

    private ReadyContainer? TakeParked(TemplatePool pool)
    {
        while (pool.Parked.First is { } first)
        {
            var ready = Unpark(pool, first.Value);
            if (!_starter.IsReady(ready.Sandbox))
            {
                LogDied(ready.Sandbox, pool.Name);
                Discard(ready);
                continue;
            }

            // Until its lease is written it is still ours.
            _inHand.Add(ready.Sandbox);
            _starter.Mark(ready.Sandbox, parked: false);
            return ready;
        }

        return null;
    }

    private void Park(TemplatePool pool, ReadyContainer ready)
    {
        pool.Retry = default;
        pool.Parked.AddLast(ready);
        _starter.Mark(ready.Sandbox, parked: true);
    }

    private static ReadyContainer Unpark(TemplatePool pool, ReadyContainer ready)
    {
        pool.Parked.Remove(ready);
        return ready;
    }

    private void Discard(ReadyContainer ready)
    {
        _inHand.Remove(ready.Sandbox);
        _starter.Remove(ready.Sandbox, ready.Container.ContainerId);
    }

    /// <summary>Begins starts for the pools that are short of their target. Claims go first: while one waits, only they are served.</summary>
    public void Fill()
    {
        if (_closed || _line.Count > 0) return;
        var now = _time.GetUtcNow();
        foreach (var pool in _pools)
        {
            var target = pool.Demand.Target(now);
            while (pool.Parked.Count + pool.Filling < target && pool.Retry.At <= now
                && _filling < _options.ConcurrentRefills && _starting < _options.ConcurrentStarts && Capacity.Fits(pool.Shape.MemoryBytes))
            {
                pool.Filling++;
                _filling++;
                Start(pool.Shape, null);
            }
        }
    }

    private void Filled(ContainerSpec shape)
    {
        _filling--;
        PoolOf(shape)!.Filling--;
    }

    private void OnRefillFailed(ContainerSpec shape, Exception error)
    {
        var pool = PoolOf(shape)!;
        var pause = pool.Retry.Pause == default ? FirstPause : pool.Retry.Pause * 2 < LongestPause ? pool.Retry.Pause * 2 : LongestPause;
        pool.Retry = (_time.GetUtcNow() + pause, pause);
        LogRefillFailed(error, pool.Name, pause.TotalSeconds);
    }

    /// <summary>Gives up one parked container, of the template that has the most.</summary>
    private bool Evict()
    {
        if (_pools.MaxBy(pool => pool.Parked.Count) is not { Parked.Count: > 0 } pool) return false;
        var ready = Unpark(pool, pool.Parked.First!.Value);
        _evicted.Add(ready.Sandbox);
        Discard(ready);
        return true;
    }

    [LoggerMessage(LogLevel.Warning, "Parked container of sandbox {Sandbox}, template {Template}, is dead; removing it.")]
    private partial void LogDied(SandboxId sandbox, string template);

    [LoggerMessage(LogLevel.Warning, "The pool of template {Template} could not be filled; trying again in {Seconds} s.")]
    private partial void LogRefillFailed(Exception exception, string template, double seconds);
}
