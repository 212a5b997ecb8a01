using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using Orleans.Storage;
using Podflare.Containers;
using Podflare.Resilience;
using Podflare.Sandboxes;
using Podflare.Storage;
using Podflare.Telemetry;
using Podflare.Tenants;
using Podflare.Traffic;

namespace Podflare.Hosts;

/// <inheritdoc cref="IHostGrain"/>
/// <remarks>On its own host's worker it runs the host. On another worker it only knows the stored record, and ends the sandboxes of a host that is gone.</remarks>
[GrainType("host"), HostPlacement]
public sealed partial class HostGrain(
    [FromKeyedServices(Stores.Durable)] IGrainStorage durable,
    IGrainContext context,
    LocalHost host,
    HostSilos silos,
    HostContainers containers,
    HostStore store,
    HostSettings settings,
    IIsolationProbe probe,
    TimeProvider time,
    ILogger<HostGrain> logger) : Grain, IHostGrain, IRemindable
{
    private const string LostReminder = "lost";

    // The shortest that Orleans offers.
    private static readonly TimeSpan ReminderPeriod = TimeSpan.FromMinutes(1);
    private static readonly TimeSpan TickInterval = TimeSpan.FromSeconds(1);
    private static readonly TimeSpan RetireCheckInterval = TimeSpan.FromMilliseconds(50);

    // A start takes the processor from the answer of the create, which is still on its way.
    private static readonly TimeSpan RefillDelay = TimeSpan.FromMilliseconds(10);

    private readonly GrainRecord<HostRecord> _record = new(durable, "host", context.GrainId, logger);
    private readonly CancellationTokenSource _stopping = new();
    private HostWork _work = null!;
    private bool _started;
    private bool _sweeping;
    private long _sweptAt;
    private Task? _starting;

    private HostOptions Options => settings.Host;

    private string Id => this.GetPrimaryKeyString();

    private bool IsOnOwningHost => host.Id == Id;

    public override Task OnActivateAsync(CancellationToken cancellationToken)
    {
        _work = new HostWork(Id, _record, containers, store, GrainFactory, settings, probe, time, logger, _stopping.Token);
        return _record.ReadAsync();
    }

    public override Task OnDeactivateAsync(DeactivationReason reason, CancellationToken cancellationToken)
    {
        // What this activation still starts or has parked is unknown to the next one.
        if (_started) _work.Pool.Close();
        return _stopping.CancelAsync();
    }

    public async Task<SandboxId> Claim(TenantId tenant, SandboxSpec spec, TimeSpan wait, CancellationToken cancellationToken)
    {
        if (!IsOnOwningHost || !_started || host.Draining || _work.Record.Mode is not HostMode.Ready) throw new NoCapacityException();
        using var span = Spans.Start(Spans.Claim, spec.Trace);
        span?.SetTag(Spans.Template, spec.Template).SetTag(Spans.TenantId, tenant.Value);
        using var took = new DurationTimer(Instruments.SandboxClaim, _work.Label(spec.Template));
        try
        {
            var shape = settings.Templates.Find(spec.Template).ToContainer(default, spec);
            if (_work.Isolation.ProblemOf(shape.Runtime) is not null) throw new NoCapacityException();
            if (!_work.Pool.HasParked(shape) && !_work.Health.Admits()) throw new NoCapacityException();
            var trace = spec.Trace is null ? null : new ClaimTrace(spec.Trace, tenant.Value, span?.Context ?? default);
            var leased = await _work.ClaimAsync(tenant, spec.Creation, shape, trace, wait, cancellationToken);
            containers.RecordTrace(leased.Sandbox, tenant.Value, spec.Trace);
            span?.SetTag(Spans.SandboxId, leased.Sandbox.Value);
            return leased.Sandbox;
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
        // Until its sandbox reports, no sweep takes the container for a stray.
        if (!_work.Ledger.TryFind(sandbox, ContainerState.Leased, out var entry)) return Task.FromResult<LeasedContainer?>(null);
        _work.Ledger.Move(entry, ContainerState.HandedOver);
        return Task.FromResult(entry.Lease);
    }

    public Task<HostLoad> Load() => Task.FromResult(_work.Load(IsOnOwningHost && _started, host.Draining || !IsOnOwningHost));

    public Task<HostTraffic> GetTraffic(TenantId tenant) => Task.FromResult(_work.TrafficOf(tenant));

    public async Task SetMode(HostMode mode)
    {
        if (!IsOnOwningHost || !_started || host.Draining) throw new SandboxUnreachableException();
        LogMode(Id, mode);
        await _work.SetModeAsync(mode);
    }

    public Task<IReadOnlyList<SandboxInfo>> List(TenantId tenant, SandboxFilter filter) =>
        Task.FromResult(SandboxPage.Of(_work.Ledger.Sandboxes, tenant, filter));

    public Task<SandboxCount> Count(TenantId tenant, SandboxFilter filter) => Task.FromResult(SandboxPage.Count(_work.Ledger.Sandboxes, tenant, filter));

    public Task<HostHoldings> Holdings(TenantId tenant) =>
        IsOnOwningHost && _started ? Task.FromResult(_work.Claims.Of(tenant)) : throw new SandboxUnreachableException();

    public Task Report(SandboxInfo sandbox)
    {
        if (_work.Report(sandbox)) Background.Run(logger, "refill", RefillAsync());
        return Task.CompletedTask;
    }

    public Task Release(SandboxId sandbox, string containerId)
    {
        _work.Ends.Add(sandbox);
        _work.Record.MarkChanged();
        if (_work.Ledger.Find(sandbox) is { } known)
        {
            known.ContainerId ??= containerId;
            if (known.State is not (ContainerState.Starting or ContainerState.Parked)) _work.Remover.Remove(known);
        }
        else if (IsOnOwningHost)
        {
            var unknown = _work.Ledger.Add(sandbox, ContainerState.Adopting, 0);
            unknown.ContainerId = containerId;
            _work.Remover.Remove(unknown);
        }

        return Task.CompletedTask;
    }

    public async Task<bool> Start()
    {
        if (!IsOnOwningHost)
        {
            // Ending here is not enough: a silo that has this one in its directory cache would begin another activation here with its next call.
            DelayDeactivation(TimeSpan.Zero);
            this.MigrateOnIdle();
            return false;
        }

        if (_started) return true;
        if (_starting is null or { IsCompleted: true }) _starting = StartCoreAsync();
        await _starting;
        return true;
    }

    public async Task Retire(string silo)
    {
        // A worker with a copied host id must not take the host out of service that it has been confused with.
        if (!IsOnOwningHost || silo != GrainContext.Address.SiloAddress?.ToParsableString()) return;
        host.Drain();
        _work.Pool.Close();
        using var limit = new TimeLimit(TimeSpan.FromSeconds(Options.RetireSeconds), time);
        while (!_work.Pool.IsEmpty && limit.Remaining > TimeSpan.Zero) await Task.Delay(RetireCheckInterval, time);
    }

    /// <summary>Wakes this host's grain wherever it can live, so that the sandboxes of a host that is gone for good do not stay open for ever.</summary>
    public async Task ReceiveReminder(string reminderName, TickStatus status)
    {
        if (IsOnOwningHost) return;
        if (silos.IsAlive(Id))
        {
            this.MigrateOnIdle();
            return;
        }

        if (silos.AwayFor(Id) <= TimeSpan.FromSeconds(Options.GraceSeconds)) return;
        await _record.ReadAsync();
        if (_record.Exists && !await _work.DeclareAllLostAsync(_record.Value.Sandboxes.Keys)) return;
        if (await this.GetReminder(LostReminder) is { } reminder) await this.UnregisterReminder(reminder);
    }

    private async Task StartCoreAsync()
    {
        DelayDeactivation(Timeout.InfiniteTimeSpan);
        await _work.Reconciler.StartAsync(SandboxPage.ParseIds(_record.Value.Sandboxes.Keys));

        // After the list of containers: if the engine does not answer, the caller that starts this host asks again.
        await _work.Isolation.RunAsync();

        // The last step that can fail: a host that counts as started without its timer would neither be seen nor sweep.
        await this.RegisterOrUpdateReminder(LostReminder, ReminderPeriod, ReminderPeriod);
        _work.Record.Restore();
        _started = true;
        if (_work.Record.Mode is not HostMode.Ready) _work.ApplyMode();
        LogReady(Id, _work.Ledger.In(ContainerState.Live).Count());
        this.RegisterGrainTimer(OnTickAsync, new GrainTimerCreationOptions(TickInterval, TickInterval) { Interleave = true, KeepAlive = true });
        Background.Run(logger, "death watch", _work.Deaths.RunAsync(_stopping.Token));
        _work.Pool.Tick();
        BeginSweep();
    }

    private async Task OnTickAsync(CancellationToken cancellationToken)
    {
        _work.PublishMetrics();
        _work.ExpireLeases();
        _work.Pool.Tick();
        _work.Health.Tick();
        _work.Isolation.Tick();
        await _work.Record.WriteIfDueAsync();
        if (!_sweeping && ((_work.Ends.IsCheckDue && store.IsAvailable) || time.GetElapsedTime(_sweptAt) >= TimeSpan.FromSeconds(Options.SweepSeconds))) BeginSweep();
    }

    private void BeginSweep()
    {
        _sweeping = true;
        Background.Run(logger, "sweep", SweepAsync());
    }

    private async Task SweepAsync()
    {
        try
        {
            await _work.Reconciler.SweepAsync();
            _work.Record.MarkChanged();
        }
        catch (ContainerEngineException e)
        {
            LogSweepFailed(e, Id);
        }
        finally
        {
            (_sweptAt, _sweeping) = (time.GetTimestamp(), false);
        }
    }

    private async Task RefillAsync()
    {
        await Task.Delay(RefillDelay, time);
        _work.Pool.Fill();
    }
}
