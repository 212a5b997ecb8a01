using Microsoft.Extensions.Logging;
using Podflare.Containers;
using Podflare.Sandboxes;
using Podflare.Tenants;

namespace Podflare.Hosts;

/// <summary>
/// The containers of one host that belong to nobody yet: parked ones, ones that are being started, and the claims that wait for them.
/// Whatever becomes ready goes to the claim whose turn it is, else into its template's pool, else away.
/// </summary>
/// <remarks>Used on its grain's scheduler only. Part <c>.Parking</c> keeps the pools filled.</remarks>
internal sealed partial class ContainerPool
{
    private readonly string _host;
    private readonly HostOptions _options;
    private readonly TimeProvider _time;
    private readonly ILogger _logger;
    private readonly IContainerStarter _starter;
    private readonly ClaimQueue _line;
    private readonly TemplatePool[] _pools;

    // Being started, parked, or on the way to a claim: neither a stray nor missing.
    private readonly HashSet<SandboxId> _inHand = [];
    private int _starting;
    private bool _closed;

    public ContainerPool(string host, TemplateOptions templates, HostOptions options, HostCapacity capacity, IContainerStarter starter, TimeProvider time, ILogger logger)
    {
        (_host, _options, Capacity, _starter, _time, _logger) = (host, options, capacity, starter, time, logger);
        _line = new ClaimQueue(options.MaxWaiting);
        _pools = [.. templates.Where(pair => pair.Value.PoolMax > 0).Select(pair => new TemplatePool(pair.Key, pair.Value, TimeSpan.FromSeconds(options.DemandSeconds)))];
    }

    public HostCapacity Capacity { get; }

    /// <summary>Claims that wait.</summary>
    public int Waiting => _line.Count;

    /// <summary>Ready containers that nobody has claimed, by template.</summary>
    public IEnumerable<(string Template, int Count)> Parked => _pools.Select(pool => (pool.Name, pool.Parked.Count));

    /// <summary>Memory limits of the parked ones.</summary>
    public long ParkedBytes => _pools.Sum(pool => pool.Parked.Count * pool.Shape.MemoryBytes);

    /// <summary>Whether this id is the pool's: no sandbox has it, and its container is not to be touched.</summary>
    public bool Has(SandboxId sandbox) => _inHand.Contains(sandbox);

    /// <summary>
    /// Gives a ready container of this shape: a parked one at once, else one that is started for it. A parked one is replaced at the next
    /// <see cref="Fill"/>: a start takes the processor from the create that is under way.
    /// </summary>
    /// <param name="shape">The container without a sandbox.</param>
    /// <param name="trace">The claim's, for the container that is started for it.</param>
    /// <param name="wait">How long the claim may wait for its start to begin; zero takes only what can begin now.</param>
    /// <returns>It stays the pool's until <see cref="ReleaseToLease"/>.</returns>
    /// <exception cref="NoCapacityException">No room within <paramref name="wait"/>, or the line is full.</exception>
    /// <exception cref="ContainerStartException">The engine or the image refused.</exception>
    public async Task<ReadyContainer> ClaimAsync(TenantId tenant, ContainerSpec shape, ClaimTrace? trace, TimeSpan wait, CancellationToken cancellationToken)
    {
        if (_closed) throw new NoCapacityException();
        var pool = PoolOf(shape);
        pool?.Demand.Note(_time.GetUtcNow());
        if (pool is not null && TakeParked(pool) is { } parked) return parked;

        var claim = new WaitingClaim(tenant, shape, trace);
        if (!_line.TryEnter(claim)) throw new NoCapacityException();
        Serve();
        try
        {
            if (wait > TimeSpan.Zero) await claim.Begun.WaitAsync(wait, _time, cancellationToken);
            else if (!claim.Begun.IsCompleted) throw new NoCapacityException();
            return await claim.Container.WaitAsync(cancellationToken);
        }
        catch (Exception e)
        {
            _line.Leave(claim, served: false);
            // What came at the very moment of leaving was never handed out: it is as good as new.
            if (!claim.TryLeave() && claim.Container.IsCompletedSuccessfully) Settle(await claim.Container);
            if (e is TimeoutException) throw new NoCapacityException();
            throw;
        }
    }

    /// <summary>Lets go of a container that <see cref="ClaimAsync"/> gave: from here on its lease says whose it is.</summary>
    public void ReleaseToLease(ReadyContainer container) => _inHand.Remove(container.Sandbox);

    /// <summary>A container of this host is gone: what it held is free for others.</summary>
    public void Release(SandboxId sandbox)
    {
        Capacity.Release(sandbox);
        _evicted.Remove(sandbox);
        Serve();
    }

    private TemplatePool? PoolOf(ContainerSpec shape) => Array.Find(_pools, pool => pool.Shape == shape);

    /// <summary>Begins as many starts for waiting claims as room and engine allow, in their order.</summary>
    private void Serve()
    {
        var unfit = 0;
        foreach (var claim in _line.InOrder())
        {
            if (_closed || _starting >= _options.ConcurrentStarts) break;
            if (Capacity.Fits(claim.Shape.MemoryBytes))
            {
                _line.Leave(claim, served: true);
                claim.Begin();
                Start(claim.Shape, claim);
            }
            else
            {
                unfit++;
            }
        }

        // Parked containers make room for claims that need another kind.
        while (unfit > _evicted.Count && Evict())
        {
        }

        Fill();
    }

    // A start outlives the call that happens to begin it, and may end up with another claim: it has none of that call's context.
    private void Start(ContainerSpec shape, WaitingClaim? claim)
    {
        using (ExecutionContext.SuppressFlow()) StartAsync(shape, claim).Ignore();
    }

    private async Task StartAsync(ContainerSpec shape, WaitingClaim? claim)
    {
        var sandbox = SandboxId.New(_host);
        _inHand.Add(sandbox);
        Capacity.Take(sandbox, shape.MemoryBytes);
        _starting++;
        ReadyContainer? ready = null;
        try
        {
            ready = new ReadyContainer(sandbox, shape, await _starter.StartAsync(shape with { Sandbox = sandbox }, claim?.Trace));
        }
        catch (Exception e)
        {
            _inHand.Remove(sandbox);
            Capacity.Release(sandbox);
            if (claim is not null) claim.Refuse(e);
            else OnRefillFailed(shape, e);
        }

        _starting--;
        if (claim is null) Filled(shape);
        if (ready is not null && claim?.Give(ready) != true) Settle(ready);
        Serve();
    }

    /// <summary>Finds a place for a ready container that nobody has: the next claim of its shape, its pool, or none.</summary>
    private void Settle(ReadyContainer ready)
    {
        foreach (var claim in _line.InOrder())
        {
            if (claim.Shape != ready.Shape) continue;
            _line.Leave(claim, served: true);
            if (claim.Give(ready)) return;
        }

        if (!_closed && PoolOf(ready.Shape) is { } pool && pool.Parked.Count < pool.Demand.Target(_time.GetUtcNow())) Park(pool, ready);
        else Discard(ready);
    }
}
