using Podflare.Containers;
using Podflare.Sandboxes;

namespace Podflare.Hosts;

/// <summary>The pools of one host: ready containers of each template that wait for a claim.</summary>
/// <remarks>For its grain's scheduler only.</remarks>
internal sealed class ParkedContainers(TemplateOptions templates, HostOptions options, ContainerLedger ledger, IContainerStarter starter, IdleDepth idle, TimeProvider time)
{
    private const int MostRemovedAtOnce = 8;

    private readonly TemplatePool[] _pools =
        [.. templates.Where(pair => pair.Value.PoolMax is not 0).Select(pair => new TemplatePool(pair.Key, pair.Value, TimeSpan.FromSeconds(options.DemandSeconds), time))];

    public IReadOnlyList<TemplatePool> Pools => _pools;

    /// <summary>Parked containers by template.</summary>
    public IEnumerable<(string Template, int Count)> Counts => _pools.Select(pool => (pool.Name, pool.Parked.Count));

    /// <summary>The fewest and the most containers of each template that may be parked.</summary>
    public IEnumerable<KeyValuePair<string, PoolBounds>> Bounds => _pools.Select(pool => KeyValuePair.Create(pool.Name, new PoolBounds(pool.Demand.Min, idle.MostOf(pool))));

    /// <summary>What the parked containers count in the ledger.</summary>
    public long Bytes => _pools.Sum(pool => pool.Parked.Count * ContainerLedger.Weight(ContainerState.Parked, pool.Shape.MemoryBytes));

    public bool IsEmpty => _pools.All(pool => pool.Parked.Count == 0);

    /// <summary>Containers that are parked, or are being started for a pool.</summary>
    public int Count => _pools.Sum(pool => pool.Parked.Count + pool.Filling);

    public TemplatePool? Find(ContainerSpec shape) => Array.Find(_pools, pool => pool.Shape == shape);

    /// <summary>A pool whose containers need nothing but other sizes of memory and of file systems to be of this shape.</summary>
    private TemplatePool? FindResizable(ContainerSpec shape) => Array.Find(_pools, pool => pool.Shape.CanBecome(shape));

    /// <summary>There is a place for one more container in this pool.</summary>
    public bool HasPlace(TemplatePool pool) => pool.Parked.Count < Math.Max(pool.Demand.Target(), idle.KeepOf(pool));

    /// <summary>The pool that should get the next container that nobody asks for: the one that has the fewest.</summary>
    public TemplatePool? NextToDeepen() =>
        _pools.Where(pool => !pool.IsPaused && pool.Parked.Count + pool.Filling < idle.KeepOf(pool)).MinBy(pool => pool.Parked.Count + pool.Filling);

    public void Park(TemplatePool pool, ReadyContainer ready)
    {
        pool.Resume();
        if (ready.Entry.State is not ContainerState.Parked) ledger.Move(ready.Entry, ContainerState.Parked);
        ledger.Promise(ready.Entry, promised: false);
        pool.Parked.AddLast(ready);
        starter.MarkParked(ready.Sandbox, parked: true);
    }

    /// <summary>Takes the oldest container whose guest is connected. Others are removed on the way.</summary>
    /// <param name="dead">Called for each container whose guest is not connected any more.</param>
    public ReadyContainer? Take(TemplatePool pool, Action<ReadyContainer, TemplatePool> dead)
    {
        while (pool.Parked.First is { Value: var ready })
        {
            pool.Parked.RemoveFirst();
            if (starter.IsReady(ready.Sandbox))
            {
                starter.MarkParked(ready.Sandbox, parked: false);
                return ready;
            }

            dead(ready, pool);
            starter.Remove(ready.Entry);
        }

        return null;
    }

    /// <summary>Takes a container that has other limits, and changes them: an update takes a tenth of a start.</summary>
    /// <param name="dead">As for <see cref="Take"/>.</param>
    /// <param name="refused">Called when the limits could not be changed.</param>
    /// <returns>Null when there is none, or when its limits could not be changed.</returns>
    public async Task<ReadyContainer?> TakeResizedAsync(ContainerSpec shape, Action<ReadyContainer, TemplatePool> dead, Action<Exception, SandboxId> refused)
    {
        if (FindResizable(shape) is not { } pool || !ledger.FitsClaimed(shape.MemoryBytes)) return null;
        pool.Demand.Record();
        if (Take(pool, dead) is not { } ready) return null;
        ledger.Promise(ready.Entry, promised: true);
        ledger.Resize(ready.Entry, shape.MemoryBytes);
        try
        {
            await starter.ResizeAsync(ready.Container.ContainerId, shape);
            if (starter.IsReady(ready.Sandbox)) return ready with { Shape = shape };
            dead(ready, pool);
        }
        catch (ContainerEngineException e)
        {
            refused(e, ready.Sandbox);
        }

        // It has neither the limits of its pool nor, for certain, those of the claim.
        starter.Remove(ready.Entry);
        return null;
    }

    /// <summary>Takes a container that has died out of its pool; it is the caller's to remove.</summary>
    /// <returns>Null when no pool has it.</returns>
    public (ReadyContainer Ready, TemplatePool Pool)? Drop(SandboxId sandbox)
    {
        foreach (var pool in _pools)
        {
            if (pool.Parked.FirstOrDefault(ready => ready.Sandbox == sandbox) is not { } dead) continue;
            pool.Parked.Remove(dead);
            return (dead, pool);
        }

        return null;
    }

    /// <summary>Removes one container, of the template that has the most, to make room for claims of another kind.</summary>
    public bool Evict()
    {
        if (_pools.MaxBy(pool => pool.Parked.Count) is not { Parked.First: { Value: var ready } } pool) return false;
        pool.Parked.RemoveFirst();
        ready.Entry.Evicted = true;
        starter.Remove(ready.Entry);
        return true;
    }

    /// <summary>Removes what is no longer kept, one container of each template at a time; some at once while memory is short.</summary>
    public void Shrink()
    {
        var most = idle.IsShort ? MostRemovedAtOnce : 1;
        foreach (var pool in _pools)
        {
            for (var removed = 0; removed < most && pool.Parked.Count > Math.Max(pool.Demand.Target(), idle.KeepOf(pool)); removed++) RemoveOldest(pool);
        }
    }

    public void Clear()
    {
        foreach (var pool in _pools)
        {
            while (pool.Parked.Count > 0) RemoveOldest(pool);
        }
    }

    private void RemoveOldest(TemplatePool pool)
    {
        var oldest = pool.Parked.First!.Value;
        pool.Parked.RemoveFirst();
        starter.Remove(oldest.Entry);
    }
}
