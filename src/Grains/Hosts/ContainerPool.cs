using Microsoft.Extensions.Logging;
using Podflare.Containers;
using Podflare.Resilience;
using Podflare.Sandboxes;
using Podflare.Tenants;

namespace Podflare.Hosts;

/// <summary>
/// Gives claims their containers: parked ones at once, else ones that are started for them. A container that becomes ready goes to the
/// claim whose turn it is, else into its template's pool, else it is removed.
/// </summary>
/// <remarks>For its grain's scheduler only.</remarks>
internal sealed partial class ContainerPool
{
    private readonly string _host;
    private readonly HostOptions _options;
    private readonly ILogger _logger;
    private readonly IContainerStarter _starter;
    private readonly TimeProvider _time;
    private readonly HostMemory _memory;
    private readonly ClaimQueue _queue;
    private readonly ParkedContainers _parked;
    private readonly IdleDepth _idle;
    private int _starting;
    private int _filling;
    private bool _closed;

    public ContainerPool(
        string host, TemplateOptions templates, HostOptions options, HostMemory memory, ContainerLedger ledger, IContainerStarter starter, HostCpu cpu, TimeProvider time,
        ILogger logger)
    {
        (_host, _options, _memory, Ledger, _starter, _time, _logger) = (host, options, memory, ledger, starter, time, logger);
        _queue = new ClaimQueue(options.MaxWaiting);
        _idle = new IdleDepth(options, memory, cpu);
        _parked = new ParkedContainers(templates, options, ledger, starter, _idle, time);
    }

    public ContainerLedger Ledger { get; }

    /// <summary>Claims that wait.</summary>
    public int Waiting => _queue.Count;

    /// <inheritdoc cref="ParkedContainers.Counts"/>
    public IEnumerable<(string Template, int Count)> Parked => _parked.Counts;

    /// <inheritdoc cref="ParkedContainers.Bounds"/>
    public IEnumerable<KeyValuePair<string, PoolBounds>> Bounds => _parked.Bounds;

    /// <inheritdoc cref="ParkedContainers.Bytes"/>
    public long ParkedBytes => _parked.Bytes;

    /// <summary>No container is parked, being started, or being removed.</summary>
    public bool IsEmpty => _starting == 0 && _parked.IsEmpty && !Ledger.In(ContainerState.Removing).Any();

    /// <summary>A container of this template is parked.</summary>
    public bool HasParked(ContainerSpec shape) => _parked.Find(shape) is { Parked.Count: > 0 };

    /// <summary>
    /// Gives a ready container of this shape: a parked one at once, else one that is started for it. A parked one is replaced at the next
    /// <see cref="Fill"/>: a start takes the processor from the create that is under way.
    /// </summary>
    /// <param name="shape">The container without a sandbox.</param>
    /// <param name="trace">The claim's, for the container that is started for it.</param>
    /// <param name="wait">How long the claim may wait for its start to begin; zero takes only what can begin now.</param>
    /// <returns>Leased in the ledger, so that it is never parked again.</returns>
    /// <exception cref="NoCapacityException">No room within <paramref name="wait"/>, or too many claims wait.</exception>
    /// <exception cref="ContainerStartException">The engine, the image or the host refused.</exception>
    public async Task<ContainerEntry> ClaimAsync(TenantId tenant, ContainerSpec shape, ClaimTrace? trace, TimeSpan wait, CancellationToken cancellationToken)
    {
        if (_closed) throw new NoCapacityException();
        var pool = _parked.Find(shape);
        pool?.Demand.Record();
        if (pool is not null && Ledger.FitsClaimed(shape.MemoryBytes) && _parked.Take(pool, LogDead) is { } parked) return Lease(parked);
        if (pool is null && _memory.HasFree(shape.MemoryBytes) && await _parked.TakeResizedAsync(shape, LogDead, LogNotResized) is { } resized)
        {
            if (!_closed) return Lease(resized);
            _starter.Remove(resized.Entry);
        }

        if (_closed) throw new NoCapacityException();

        var claim = new WaitingClaim(tenant, shape, trace);
        if (!_queue.TryEnter(claim)) throw new NoCapacityException();
        Serve();
        try
        {
            if (wait > TimeSpan.Zero) await claim.Begun.WaitAsync(wait, _time, cancellationToken);
            else if (!claim.Begun.IsCompleted) throw new NoCapacityException();
            return Lease(await claim.Container.WaitAsync(cancellationToken));
        }
        catch (Exception e)
        {
            _queue.Leave(claim, served: false);
            // A container that came at the very moment of leaving was never handed out: it is as good as new.
            if (!claim.TryLeave() && claim.Container.IsCompletedSuccessfully) Place(await claim.Container);
            if (e is TimeoutException) throw new NoCapacityException();
            throw;
        }
    }

    /// <summary>Once a second: continues after a pause, and removes parked containers that demand no longer asks for.</summary>
    public void Tick()
    {
        _parked.Shrink();
        // Memory of the machine may be free again.
        Serve();
        Deepen(_idle.TakeStarts(_parked.Count));
    }

    /// <summary>A container has died, or is listed as dead.</summary>
    /// <returns>False when it is not parked.</returns>
    public bool Drop(SandboxId sandbox)
    {
        if (_parked.Drop(sandbox) is not var (dead, pool)) return false;
        LogDead(dead, pool);
        _starter.Remove(dead.Entry);
        Fill();
        return true;
    }

    /// <summary>Refuses all claims, and removes what is parked or becomes ready from now on.</summary>
    public void Close()
    {
        _closed = true;
        foreach (var claim in _queue.InOrder())
        {
            _queue.Leave(claim, served: false);
            claim.Refuse(new NoCapacityException());
        }

        _parked.Clear();
    }

    /// <summary>Accepts claims again after <see cref="Close"/>.</summary>
    public void Reopen()
    {
        _closed = false;
        Fill();
    }

    /// <summary>Begins as many starts for waiting claims as room and engine allow, in their order; then fills the pools.</summary>
    public void Serve()
    {
        var unfit = 0;
        foreach (var claim in _queue.InOrder())
        {
            if (_closed) break;
            if (TakeParked(claim.Shape) is { } parked)
            {
                _queue.Leave(claim, served: true);
                claim.Begin();
                if (!claim.Give(parked)) Place(parked);
                continue;
            }

            if (_starting >= _options.ConcurrentStarts) break;
            if (CanStart(claim.Shape.MemoryBytes))
            {
                _queue.Leave(claim, served: true);
                claim.Begin();
                Start(claim.Shape, claim);
            }
            else if (Ledger.FitsWithoutParked(claim.Shape.MemoryBytes))
            {
                unfit++;
            }
        }

        // Parked containers make room for claims that need another kind.
        while (unfit > 0 && unfit > Ledger.All.Count(entry => entry.Evicted) && _parked.Evict())
        {
        }

        Fill();
    }

    /// <summary>Begins starts for the pools that are short of their target. Claims go first: while one waits, only claims are served.</summary>
    public void Fill()
    {
        if (_closed || _queue.Count > 0) return;
        foreach (var pool in _parked.Pools)
        {
            var target = pool.Demand.Target();
            while (pool.Parked.Count + pool.Filling < target && !pool.IsPaused
                && _filling < _options.ConcurrentRefills && _starting < _options.ConcurrentStarts && CanStart(pool.Shape.MemoryBytes))
            {
                StartForPool(pool);
            }
        }
    }

    // Leaves room for starts that somebody waits for.
    private void Deepen(int starts)
    {
        for (; starts > 0 && !_closed && _queue.Count == 0; starts--)
        {
            if (_filling >= _options.ConcurrentRefills || _starting >= _options.ConcurrentStarts || Ledger.Used + _options.ConcurrentStarts >= _options.Slots) return;
            if (_parked.NextToDeepen() is not { } pool || !CanStart(pool.Shape.MemoryBytes)) return;
            StartForPool(pool);
        }
    }

    private void StartForPool(TemplatePool pool)
    {
        pool.Filling++;
        _filling++;
        Start(pool.Shape, null);
    }

    private bool CanStart(long bytes) => Ledger.Fits(bytes) && _memory.HasFree(bytes);

    // The claim leases it when its turn comes; until then nobody else may count on its memory.
    private ReadyContainer? TakeParked(ContainerSpec shape)
    {
        if (_parked.Find(shape) is not { Parked.Count: > 0 } pool || !Ledger.FitsClaimed(shape.MemoryBytes) || _parked.Take(pool, LogDead) is not { } ready) return null;
        Ledger.Promise(ready.Entry, promised: true);
        return ready;
    }

    // A start outlives the call that happens to begin it, and may end up with another claim: it has none of that call's context.
    private void Start(ContainerSpec shape, WaitingClaim? claim)
    {
        using (ExecutionContext.SuppressFlow()) Background.Run(_logger, "start", StartAsync(shape, claim));
    }

    private async Task StartAsync(ContainerSpec shape, WaitingClaim? claim)
    {
        var sandbox = SandboxId.New(_host);
        var entry = Ledger.Add(sandbox, ContainerState.Starting, shape.MemoryBytes);
        _starting++;
        ReadyContainer? ready = null;
        try
        {
            var container = await _starter.StartAsync(shape with { Sandbox = sandbox }, claim?.Trace);
            entry.ContainerId = container.ContainerId;
            ready = new ReadyContainer(entry, shape, container);
        }
        catch (Exception e)
        {
            Ledger.Remove(entry);
            if (claim is not null) claim.Refuse(e);
            else PausePool(shape, e);
        }

        _starting--;
        if (claim is null) OnFilled(shape);
        if (ready is not null && claim?.Give(ready) != true) Place(ready);
        Serve();
    }

    private ContainerEntry Lease(ReadyContainer ready)
    {
        ready.Entry.Lease = ready.Container;
        Ledger.Move(ready.Entry, ContainerState.Leased);
        return ready.Entry;
    }

    /// <summary>Finds a place for a ready container that no claim has: the next claim of its shape, its pool, or none.</summary>
    private void Place(ReadyContainer ready)
    {
        foreach (var claim in _queue.InOrder())
        {
            if (claim.Shape != ready.Shape) continue;
            _queue.Leave(claim, served: true);
            if (claim.Give(ready)) return;
        }

        if (!_closed && _parked.Find(ready.Shape) is { } pool && _parked.HasPlace(pool)) _parked.Park(pool, ready);
        else _starter.Remove(ready.Entry);
    }

    private void OnFilled(ContainerSpec shape)
    {
        _filling--;
        _parked.Find(shape)!.Filling--;
    }

    private void PausePool(ContainerSpec shape, Exception error)
    {
        var pool = _parked.Find(shape)!;
        LogRefillFailed(error, pool.Name, pool.Pause().TotalSeconds);
    }

    private void LogDead(ReadyContainer ready, TemplatePool pool) => LogDied(ready.Sandbox, pool.Name);

    [LoggerMessage(LogLevel.Warning, "Parked container of sandbox {Sandbox}, template {Template}, is dead; removing it.")]
    private partial void LogDied(SandboxId sandbox, string template);

    [LoggerMessage(LogLevel.Warning, "The limits of the parked container of sandbox {Sandbox} could not be changed; removing it.")]
    private partial void LogNotResized(Exception exception, SandboxId sandbox);

    [LoggerMessage(LogLevel.Warning, "The pool of template {Template} could not be filled; trying again in {Seconds} s.")]
    private partial void LogRefillFailed(Exception exception, string template, double seconds);
}
