using Podflare.Containers;
using Podflare.Sandboxes;

namespace Podflare.Hosts;

/// <summary>An engine that starts a container when the test says so.</summary>
internal sealed class ScriptedStarter : IContainerStarter
{
    private readonly List<(ContainerSpec Spec, TaskCompletionSource<LeasedContainer> Start)> _starts = [];

    /// <summary>The pool that is told of removals; set by the test.</summary>
    public ContainerPool Pool { get; set; } = null!;

    public List<ContainerSpec> Starting => [.. _starts.Select(start => start.Spec)];

    public int Started { get; private set; }

    public int MostAtOnce { get; private set; }

    public HashSet<SandboxId> Parked { get; } = [];

    public HashSet<SandboxId> Dead { get; } = [];

    public HashSet<SandboxId> Removed { get; } = [];

    /// <summary>Removals are done when the test says so.</summary>
    public bool HoldRemovals { get; set; }

    public Task<LeasedContainer> StartAsync(ContainerSpec spec, ClaimTrace? trace)
    {
        var start = new TaskCompletionSource<LeasedContainer>();
        _starts.Add((spec, start));
        Started++;
        MostAtOnce = Math.Max(MostAtOnce, _starts.Count);
        return start.Task;
    }

    /// <summary>Containers that were given other limits.</summary>
    public Dictionary<string, ContainerSpec> Resized { get; } = [];

    /// <summary>Limits cannot be changed.</summary>
    public bool RefusesToResize { get; set; }

    public Task ResizeAsync(string containerId, ContainerSpec shape)
    {
        if (RefusesToResize) throw new ContainerEngineException("the scripted engine refuses", new IOException());
        Resized[containerId] = shape;
        return Task.CompletedTask;
    }

    public bool IsReady(SandboxId sandbox) => !Dead.Contains(sandbox);

    public void MarkParked(SandboxId sandbox, bool parked)
    {
        if (parked) Assert.True(Parked.Add(sandbox));
        else Assert.True(Parked.Remove(sandbox));
    }

    public void Remove(ContainerEntry entry)
    {
        Assert.True(Removed.Add(entry.Sandbox));
        Parked.Remove(entry.Sandbox);
        Pool.Ledger.Move(entry, ContainerState.Removing);
        if (!HoldRemovals) FinishRemoval(entry.Sandbox);
    }

    /// <summary>The container is gone.</summary>
    public void FinishRemoval(SandboxId sandbox)
    {
        Pool.Ledger.Remove(Pool.Ledger.Find(sandbox)!);
        Pool.Serve();
    }

    /// <summary>The oldest start is done.</summary>
    public void Finish(Exception? error = null)
    {
        var (spec, start) = _starts[0];
        _starts.RemoveAt(0);
        if (error is null) start.SetResult(new LeasedContainer($"c-{spec.Sandbox}", "boot"));
        else start.SetException(error);
    }
}
