using System.Collections.Immutable;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;
using Orleans.Storage;
using Podflare.Containers;
using Podflare.Guests;
using Podflare.Sandboxes;
using Podflare.Storage;
using Podflare.Telemetry;
using Podflare.Tenants;

namespace Podflare.Hosts;

/// <inheritdoc cref="IHostGrain"/>
/// <remarks>
/// At home it works on this process's engine. On a foreign worker it is an orphan that only knows the stored record. Parts: this file
/// claims and lists, <c>.Containers</c> how they start and go, <c>.Upkeep</c> start, sweep and record, <c>.Lost</c> what becomes of the
/// sandboxes of a host that is gone.
/// </remarks>
[GrainType("host"), HostPlacement]
public sealed partial class HostGrain(
    [FromKeyedServices(Stores.Durable)] IGrainStorage durable,
    IGrainContext context,
    LocalHost host,
    HostSilos silos,
    IContainerRuntime runtime,
    GuestListener guests,
    RunFolder folder,
    IOptions<TemplateOptions> templates,
    IOptions<HostOptions> hostOptions,
    SandboxTraces traces,
    TimeProvider time,
    ILogger<HostGrain> logger) : Grain, IHostGrain, IRemindable
{
    private readonly GrainRecord<HostRecord> _record = new(durable, "host", context.GrainId, logger);
    private readonly SemaphoreSlim _removals = new(hostOptions.Value.ConcurrentRemovals);
    private readonly Dictionary<SandboxId, Lease> _leases = [];
    private readonly Dictionary<SandboxId, SandboxInfo> _sandboxes = [];

    // Ids whose container is being adopted or removed: neither a stray nor missing.
    private readonly HashSet<SandboxId> _moving = [];
    private ContainerPool _pool = null!;
    private readonly CancellationTokenSource _stopping = new();
    private bool _started;

    private HostOptions Options => hostOptions.Value;

    private string Id => this.GetPrimaryKeyString();

    private bool IsHome => host.Id == Id;

    public override Task OnActivateAsync(CancellationToken cancellationToken)
    {
        var capacity = new HostCapacity(Options.Slots, Options.MemoryMib << 20);
        _pool = new ContainerPool(Id, templates.Value, Options, capacity, new ContainerStarter(this), time, logger);
        return _record.ReadAsync();
    }

    public override Task OnDeactivateAsync(DeactivationReason reason, CancellationToken cancellationToken) => _stopping.CancelAsync();

    public async Task<SandboxId> Claim(TenantId tenant, SandboxSpec spec, TimeSpan wait, CancellationToken cancellationToken)
    {
        if (!IsHome || !_started || host.Draining) throw new NoCapacityException();
        using var span = Spans.Start(Spans.Claim, spec.Trace);
        span?.SetTag(Spans.Template, spec.Template).SetTag(Spans.TenantId, tenant.Value);
        using var took = new DurationTimer(Instruments.SandboxClaim, Label(spec.Template));
        try
        {
            var shape = templates.Value.Find(spec.Template).ToContainer(default, spec);
            var trace = spec.Trace is null ? null : new ClaimTrace(spec.Trace, tenant.Value, span?.Context ?? default);
            var ready = await _pool.ClaimAsync(tenant, shape, trace, wait, cancellationToken);
            // Written before the id leaves: a container that is leased, or was, is never parked again.
            _leases[ready.Sandbox] = new Lease(ready.Container, time.GetUtcNow() + TimeSpan.FromSeconds(Options.LeaseSeconds));
            _pool.ReleaseToLease(ready);
            traces.Note(ready.Sandbox, tenant.Value, spec.Trace);
            span?.SetTag(Spans.SandboxId, ready.Sandbox.Value);
            return ready.Sandbox;
        }
        catch (Exception e)
        {
            span.Fail(e);
            took.Fail(e);
            throw;
        }
    }

    public Task<LeasedContainer?> TakeLease(SandboxId sandbox)
    {
        // It counts as moving until its sandbox reports, so that no sweep takes it for a stray in between.
        if (!_leases.Remove(sandbox, out var lease)) return Task.FromResult<LeasedContainer?>(null);
        _taken[sandbox] = lease with { Until = time.GetUtcNow() + TimeSpan.FromSeconds(Options.LeaseSeconds) };
        return Task.FromResult<LeasedContainer?>(lease.Container);
    }

    public Task<HostLoad> Load()
    {
        var parked = _pool.Parked.Where(pool => pool.Count > 0).ToImmutableDictionary(pool => pool.Template, pool => pool.Count);
        return Task.FromResult(new HostLoad(_pool.Capacity.Used - parked.Values.Sum(), IsHome && _started ? Options.Slots : 0, host.Draining || !IsHome)
        {
            Parked = parked,
            Waiting = _pool.Waiting,
            // Parked containers make room when others need it.
            MemoryUsed = (double)(_pool.Capacity.UsedBytes - _pool.ParkedBytes) / _pool.Capacity.MemoryBytes,
        });
    }

    public Task<IReadOnlyList<SandboxInfo>> List(TenantId tenant, SandboxFilter filter)
    {
        IReadOnlyList<SandboxInfo> page =
        [
            .. _sandboxes.Values
                .Where(sandbox => sandbox.Tenant == tenant
                    && (filter.State is null || sandbox.State == filter.State)
                    && filter.Metadata.All(pair => sandbox.Metadata.GetValueOrDefault(pair.Key) == pair.Value)
                    && IsAfter(sandbox, filter))
                .OrderByDescending(sandbox => sandbox.CreatedAt)
                .ThenByDescending(sandbox => sandbox.Id.Value, StringComparer.Ordinal)
                .Take(filter.Limit),
        ];
        return Task.FromResult(page);
    }

    public Task Report(SandboxInfo sandbox)
    {
        _sandboxes[sandbox.Id] = sandbox;
        _dirty = true;
        if (_taken.Remove(sandbox.Id)) FillSoonAsync().Ignore();
        return Task.CompletedTask;
    }

    // A start takes the processor from the answer of the create, which is still on its way.
    private async Task FillSoonAsync()
    {
        await Task.Delay(WayBack, time);
        _pool.Fill();
    }

    public Task Release(SandboxId sandbox, string containerId)
    {
        _taken.Remove(sandbox);
        _dirty |= _sandboxes.Remove(sandbox);
        if (IsHome && _moving.Add(sandbox)) RemoveAsync(sandbox, containerId).Ignore();
        return Task.CompletedTask;
    }

    private static bool IsAfter(SandboxInfo sandbox, SandboxFilter filter) =>
        filter.BeforeTime is not { } before
        || sandbox.CreatedAt < before
        || (sandbox.CreatedAt == before && string.CompareOrdinal(sandbox.Id.Value, filter.BeforeId) < 0);

    private sealed record Lease(LeasedContainer Container, DateTimeOffset Until);
}
