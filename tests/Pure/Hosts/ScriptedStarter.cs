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

    public bool IsReady(SandboxId sandbox) => !Dead.Contains(sandbox);

    public void Mark(SandboxId sandbox, bool parked)
    {
        if (parked) Assert.True(Parked.Add(sandbox));
        else Assert.True(Parked.Remove(sandbox));
    }

    public void Remove(SandboxId sandbox, string containerId)
    {
        Assert.True(Removed.Add(sandbox));
        Parked.Remove(sandbox);
        if (!HoldRemovals) Pool.Release(sandbox);
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
