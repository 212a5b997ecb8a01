using System.Collections.Concurrent;
using System.Runtime.CompilerServices;
using System.Threading.Channels;
using Microsoft.Extensions.Logging.Abstractions;
using Podflare.Containers;
using Podflare.Egress;
using Podflare.EgressProxy.Sandboxes;
using Podflare.Guests;
using Podflare.Harness;
using Podflare.Resilience;
using Podflare.Sandboxes;

namespace Podflare.Engine;

/// <summary>
/// The container engine of one machine, in memory. Its containers outlive the worker, as Docker's do. Inherits the faults that calls to
/// it can be made to meet; the errors are those that <see cref="IContainerRuntime"/> documents.
/// </summary>
public sealed class ScriptedEngine(Clock clock, GuestPrograms programs)
    : FaultPlan<EngineOperation>(() => new ContainerEngineException("the scripted engine does not answer", new TimeoutException())), IAsyncDisposable
{
    private const int MaxPendingDeaths = 1_024;

    private readonly ConcurrentDictionary<string, ScriptedContainer> _containers = new();
    private readonly ConcurrentDictionary<Channel<ContainerDeath>, bool> _watchers = new();
    private int _started;
    private int _killed;
    private int _emptyLists;

    /// <summary>All containers that there are, stopped and unlisted ones too.</summary>
    public IReadOnlyCollection<ScriptedContainer> Containers => [.. _containers.Values];

    /// <summary>Containers that were ever started.</summary>
    public int Started => Volatile.Read(ref _started);

    /// <summary>Containers that were removed while they ran.</summary>
    public int Killed => Volatile.Read(ref _killed);

    /// <summary>Streams of events that are open.</summary>
    public int Watchers => _watchers.Count;

    /// <summary>Whether guests of new containers have a REPL that answers at once. Default: true.</summary>
    public bool GuestsBecomeReady { get; set; } = true;

    /// <summary>Layers of isolation that the engine does not provide. Default: none.</summary>
    public IReadOnlyList<string> MissingLayers { get; set; } = [];

    /// <summary>User numbers that containers of others on the same engine have.</summary>
    public ConcurrentBag<TakenUser> ForeignUsers { get; } = [];

    /// <summary>How many of the next lists have no container at all, as those of an engine that is just starting.</summary>
    public int EmptyLists
    {
        get => Volatile.Read(ref _emptyLists);
        set => Volatile.Write(ref _emptyLists, value);
    }

    public ScriptedContainer? Find(SandboxId sandbox) => _containers.Values.FirstOrDefault(container => container.Sandbox == sandbox);

    public ScriptedContainer this[SandboxId sandbox] => Find(sandbox) ?? throw new InvalidOperationException($"{sandbox} has no container here.");

    /// <summary>The container dies and stays in the list as stopped.</summary>
    /// <param name="outOfMemory">The kernel has killed it, supervisor and all.</param>
    public async Task StopAsync(SandboxId sandbox, bool tell = true, bool outOfMemory = false)
    {
        var container = this[sandbox];
        container.WasKilledForMemory = outOfMemory;
        container.IsRunning = false;
        await container.Guest.DisposeAsync();
        if (tell) EmitDeath(sandbox);
    }

    /// <summary>The container is gone, as after <c>docker rm -f</c>.</summary>
    public async Task LoseAsync(SandboxId sandbox, bool tell = true)
    {
        var container = this[sandbox];
        _containers.TryRemove(container.Id, out _);
        await container.Guest.DisposeAsync();
        if (tell) Emit(new ContainerDeath(container.Id, sandbox));
    }

    /// <summary>Freezes the container, as <c>docker pause</c> does: its processes get no CPU. The runtime reports it as alive.</summary>
    public void Pause(SandboxId sandbox)
    {
        this[sandbox].IsPaused = true;
        this[sandbox].Guest.Freeze();
    }

    public void Unpause(SandboxId sandbox)
    {
        this[sandbox].Guest.Thaw();
        this[sandbox].IsPaused = false;
    }

    /// <summary>Reports a death, true or not.</summary>
    public void EmitDeath(SandboxId sandbox) => Emit(new ContainerDeath(this[sandbox].Id, sandbox));

    /// <summary>Ends the streams of events that are open.</summary>
    public void BreakEvents()
    {
        foreach (var watcher in _watchers.Keys) watcher.Writer.TryComplete();
    }

    public async ValueTask DisposeAsync()
    {
        foreach (var container in _containers.Values) await container.Guest.DisposeAsync();
    }

    /// <summary>Takes back what a test has set, so that its sandboxes can be removed.</summary>
    internal void RestoreDefaults()
    {
        EndFaults();
        (GuestsBecomeReady, EmptyLists) = (true, 0);
    }

    /// <summary>Counts containers and calls anew, for the next test.</summary>
    internal void ClearCounts()
    {
        ClearFaults();
        Volatile.Write(ref _started, 0);
        Volatile.Write(ref _killed, 0);
    }

    internal Task<string> StartAsync(ContainerSpec spec, string socketPath, CancellationToken cancellationToken) => MeetAsync(
        EngineOperation.Start,
        spec.Sandbox.Value,
        async () =>
        {
            if (spec.Egress is not EgressKind.None) await MeetAsync(EngineOperation.PrepareEgress, spec.Sandbox.Value, () => Task.FromResult(true), cancellationToken);
            var id = Guid.NewGuid().ToString("N") + Guid.NewGuid().ToString("N");
            var guest = new ScriptedGuest(spec.Sandbox, socketPath, clock, programs, GuestsBecomeReady);
            _containers[id] = new ScriptedContainer(id, spec, guest);
            Interlocked.Increment(ref _started);
            // Elsewhere: the guest waits for its own connection to end.
            guest.Exit = () => Background.Run(NullLogger.Instance, "exit", Task.Run(() => _containers.ContainsKey(id) ? StopAsync(spec.Sandbox) : Task.CompletedTask));
            guest.Start();
            return id;
        },
        cancellationToken);

    internal Task RemoveAsync(string containerId, CancellationToken cancellationToken) => MeetAsync(
        EngineOperation.Remove,
        _containers.TryGetValue(containerId, out var known) ? known.Sandbox.Value : containerId,
        async () =>
        {
            // Counted before it is gone, which is what tests wait for.
            if (_containers.GetValueOrDefault(containerId) is { IsRunning: true }) Interlocked.Increment(ref _killed);
            if (!_containers.TryRemove(containerId, out var container)) return true;
            await container.Guest.DisposeAsync();
            if (container.IsRunning) Emit(new ContainerDeath(container.Id, container.Sandbox));
            return true;
        },
        cancellationToken);

    internal Task<IReadOnlyList<HostContainer>> ListAsync(CancellationToken cancellationToken) => MeetAsync<IReadOnlyList<HostContainer>>(
        EngineOperation.List,
        "",
        () => Task.FromResult<IReadOnlyList<HostContainer>>(Interlocked.Decrement(ref _emptyLists) >= 0
            ? []
            : [.. _containers.Values.Where(container => container.IsListed).Select(container =>
                new HostContainer(container.Id, container.Sandbox, container.Spec.Template, container.IsRunning, container.Spec.MemoryBytes, container.Spec.User))]),
        cancellationToken);

    internal Task<IReadOnlyList<TakenUser>> ListUsersAsync(CancellationToken cancellationToken) => MeetAsync<IReadOnlyList<TakenUser>>(
        EngineOperation.List,
        "",
        () => Task.FromResult<IReadOnlyList<TakenUser>>([.. ForeignUsers, .. _containers.Values.Select(container => new TakenUser(container.Spec.User, "grains", container.Sandbox.Host))]),
        cancellationToken);

    internal Task SetCpuPriorityAsync(string containerId, bool low, CancellationToken cancellationToken) => MeetAsync(
        EngineOperation.SetCpuPriority,
        containerId,
        () => Task.FromResult(_containers.TryGetValue(containerId, out var container) && (container.HasLowPriority = low)),
        cancellationToken);

    internal Task ResizeAsync(string containerId, ContainerSpec shape, CancellationToken cancellationToken) => MeetAsync(
        EngineOperation.Resize,
        containerId,
        () => Task.FromResult(_containers.TryGetValue(containerId, out var container) ? container.Shape = shape : throw new ContainerEngineException("no such container", new IOException())),
        cancellationToken);

    internal Task AllowHostsAsync(string containerId, SandboxAccess access, CancellationToken cancellationToken) => MeetAsync(
        EngineOperation.AllowHosts,
        containerId,
        () => Task.FromResult(_containers.TryGetValue(containerId, out var container) ? container.Access = access : throw new ContainerEngineException("no such container", new IOException())),
        cancellationToken);

    internal Task<bool> IsPausedAsync(string containerId, CancellationToken cancellationToken) => MeetAsync(
        EngineOperation.IsPaused, containerId, () => Task.FromResult(_containers.TryGetValue(containerId, out var container) && container.IsPaused), cancellationToken);

    internal Task<IReadOnlyList<string>> ProbeAsync(CancellationToken cancellationToken) => MeetAsync(EngineOperation.Probe, "", () => Task.FromResult(MissingLayers), cancellationToken);

    internal Task<bool> WasKilledForMemoryAsync(string containerId, CancellationToken cancellationToken) => MeetAsync(
        EngineOperation.WasKilledForMemory, containerId, () => Task.FromResult(_containers.TryGetValue(containerId, out var container) && container.WasKilledForMemory), cancellationToken);

    internal Task PingAsync(CancellationToken cancellationToken) => MeetAsync(EngineOperation.Ping, "", () => Task.FromResult(true), cancellationToken);

    internal async IAsyncEnumerable<ContainerDeath> WatchDeathsAsync([EnumeratorCancellation] CancellationToken cancellationToken)
    {
        var deaths = Channel.CreateBounded<ContainerDeath>(MaxPendingDeaths);
        _watchers[deaths] = true;
        try
        {
            await foreach (var death in deaths.Reader.ReadAllAsync(cancellationToken)) yield return death;
        }
        finally
        {
            _watchers.TryRemove(deaths, out _);
        }
    }

    private void Emit(ContainerDeath death)
    {
        foreach (var watcher in _watchers.Keys) watcher.Writer.TryWrite(death);
    }
}
