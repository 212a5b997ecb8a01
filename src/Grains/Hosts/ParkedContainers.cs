using Podflare.Containers;
using Podflare.Sandboxes;

namespace Podflare.Hosts;

/// <summary>The pools of one host: ready containers of each template that wait for a claim.</summary>
/// <remarks>For its grain's scheduler only.</remarks>
internal sealed class ParkedContainers(TemplateOptions templates, HostOptions options, ContainerLedger ledger, IContainerStarter starter, TimeProvider time)
{
    private readonly TemplatePool[] _pools =
        [.. templates.Where(pair => pair.Value.PoolMax > 0).Select(pair => new TemplatePool(pair.Key, pair.Value, TimeSpan.FromSeconds(options.DemandSeconds), time))];

    public IReadOnlyList<TemplatePool> Pools => _pools;

    /// <summary>Parked containers by template.</summary>
    public IEnumerable<(string Template, int Count)> Counts => _pools.Select(pool => (pool.Name, pool.Parked.Count));

    /// <summary>What the parked containers count in the ledger.</summary>
    public long Bytes => _pools.Sum(pool => pool.Parked.Count * ContainerLedger.Weight(ContainerState.Parked, pool.Shape.MemoryBytes));

    public bool IsEmpty => _pools.All(pool => pool.Parked.Count == 0);

    public TemplatePool? Find(ContainerSpec shape) => Array.Find(_pools, pool => pool.Shape == shape);

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

    /// <summary>Removes what demand no longer asks for, one container of each template at a time.</summary>
    public void Shrink()
    {
        foreach (var pool in _pools)
        {
            if (pool.Parked.Count > pool.Demand.Target()) RemoveOldest(pool);
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
