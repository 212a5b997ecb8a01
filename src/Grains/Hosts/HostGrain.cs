using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;
using Orleans.Storage;
using Podflare.Containers;
using Podflare.Guests;
using Podflare.Sandboxes;
using Podflare.Storage;
using Podflare.Tenants;

namespace Podflare.Hosts;

/// <inheritdoc cref="IHostGrain"/>
/// <remarks>
/// At home it works on this process's engine. On a foreign worker it is an orphan that only knows the stored record. Parts: this file
/// claims and lists, <c>.Upkeep</c> start, sweep and record, <c>.Lost</c> what becomes of the sandboxes of a host that is gone.
/// </remarks>
[GrainType("host"), HostPlacement]
public sealed partial class HostGrain(
    [FromKeyedServices(Stores.Durable)] IGrainStorage durable,
    IGrainContext context,
    LocalHost host,
    HostSilos silos,
    IContainerRuntime runtime,
    GuestListener guests,
    IOptions<TemplateOptions> templates,
    IOptions<HostOptions> hostOptions,
    TimeProvider time,
    ILogger<HostGrain> logger) : Grain, IHostGrain, IRemindable
{
    private readonly GrainRecord<HostRecord> _record = new(durable, "host", context, logger);
    private readonly ContainerSlots _slots = new(hostOptions.Value.Slots, hostOptions.Value.MaxWaiting, time);
    private readonly SemaphoreSlim _starts = new(hostOptions.Value.ConcurrentStarts);
    private readonly SemaphoreSlim _removals = new(hostOptions.Value.ConcurrentRemovals);
    private readonly Dictionary<SandboxId, Lease> _leases = [];
    private readonly Dictionary<SandboxId, SandboxInfo> _sandboxes = [];

    // Ids whose container is being started or removed: neither a stray nor missing.
    private readonly HashSet<SandboxId> _moving = [];
    private readonly CancellationTokenSource _stopping = new();
    private bool _started;

    private HostOptions Options => hostOptions.Value;

    private string Id => this.GetPrimaryKeyString();

    private bool IsHome => host.Id == Id;

    public override Task OnActivateAsync(CancellationToken cancellationToken) => _record.ReadAsync();

    public override Task OnDeactivateAsync(DeactivationReason reason, CancellationToken cancellationToken) => _stopping.CancelAsync();

    public async Task<SandboxId> Claim(SandboxSpec spec, TimeSpan wait, CancellationToken cancellationToken)
    {
        if (!IsHome || !_started || host.Draining) throw new NoCapacityException();
        var template = templates.Value.Find(spec.Template);
        await _slots.TakeAsync(wait, cancellationToken);
        var sandbox = SandboxId.New(Id);
        _moving.Add(sandbox);
        try
        {
            var leased = await StartAsync(sandbox, template, spec, cancellationToken);
            _leases[sandbox] = new Lease(leased, time.GetUtcNow() + TimeSpan.FromSeconds(Options.LeaseSeconds));
            return sandbox;
        }
        catch
        {
            _slots.Release();
            throw;
        }
        finally
        {
            _moving.Remove(sandbox);
        }
    }

    public Task<LeasedContainer?> TakeLease(SandboxId sandbox)
    {
        // It counts as moving until its sandbox reports, so that no sweep takes it for a stray in between.
        if (!_leases.Remove(sandbox, out var lease)) return Task.FromResult<LeasedContainer?>(null);
        _taken[sandbox] = lease with { Until = time.GetUtcNow() + TimeSpan.FromSeconds(Options.LeaseSeconds) };
        return Task.FromResult<LeasedContainer?>(lease.Container);
    }

    public Task<HostLoad> Load() => Task.FromResult(new HostLoad(_slots.Used, IsHome && _started ? Options.Slots : 0, host.Draining || !IsHome));

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
        _taken.Remove(sandbox.Id);
        _sandboxes[sandbox.Id] = sandbox;
        _dirty = true;
        return Task.CompletedTask;
    }

    public Task Release(SandboxId sandbox, string containerId)
    {
        _taken.Remove(sandbox);
        _dirty |= _sandboxes.Remove(sandbox);
        if (IsHome && _moving.Add(sandbox)) RemoveAsync(sandbox, containerId).Ignore();
        return Task.CompletedTask;
    }

    private async Task<LeasedContainer> StartAsync(SandboxId sandbox, Template template, SandboxSpec spec, CancellationToken cancellationToken)
    {
        await _starts.WaitAsync(cancellationToken);
        var began = time.GetTimestamp();
        string? container = null;
        try
        {
            var port = guests.Open(sandbox);
            container = await runtime.StartAsync(template.ToContainer(sandbox, spec), cancellationToken);
            using var limit = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
            using var timer = time.CreateTimer(_ => limit.Cancel(), null, TimeSpan.FromSeconds(Options.ReadySeconds), Timeout.InfiniteTimeSpan);
            GuestHello hello;
            try
            {
                hello = await port.WaitReadyAsync(limit.Token);
            }
            catch (OperationCanceledException) when (!cancellationToken.IsCancellationRequested)
            {
                throw new ContainerStartException("the sandbox did not become ready in time", retry: true);
            }

            LogStarted(sandbox, time.GetElapsedTime(began).TotalMilliseconds);
            return new LeasedContainer(container, hello.Boot);
        }
        catch
        {
            // The caller may be gone; removal must still run.
            if (container is not null) await RemoveContainerAsync(container);
            await guests.CloseAsync(sandbox);
            throw;
        }
        finally
        {
            _starts.Release();
        }
    }

    private static bool IsAfter(SandboxInfo sandbox, SandboxFilter filter) =>
        filter.BeforeTime is not { } before
        || sandbox.CreatedAt < before
        || (sandbox.CreatedAt == before && string.CompareOrdinal(sandbox.Id.Value, filter.BeforeId) < 0);

    private sealed record Lease(LeasedContainer Container, DateTimeOffset Until);
}
