using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;
using Orleans.Storage;
using Podflare.Containers;
using Podflare.Files;
using Podflare.Guests;
using Podflare.Hosts;
using Podflare.Runs;
using Podflare.Storage;
using Podflare.Streaming;
using Podflare.Telemetry;
using Podflare.Tenants;

namespace Podflare.Sandboxes;

/// <inheritdoc cref="ISandboxGrain"/>
/// <remarks>
/// On its own host's worker it owns the container. Elsewhere it is an orphan: it serves record and log, and answers commands with 503
/// until the host is back or declared lost. Parts: this file create and reads, <c>.Runs</c> runs, <c>.Files</c> files, <c>.Guest</c> the guest's words,
/// <c>.Alarms</c> time, <c>.Weight</c> its share of the CPU, <c>.Trace</c> the caller's trace, <c>.Ending</c> the one way to end.
/// </remarks>
[GrainType("sandbox"), HostPlacement]
public sealed partial class SandboxGrain(
    [FromKeyedServices(Stores.Durable)] IGrainStorage durable,
    [FromKeyedServices(Stores.Expiring)] IGrainStorage expiring,
    IGrainContext context,
    IEventLog log,
    LocalHost host,
    HostSilos silos,
    GuestListener guests,
    ILocalSiloDetails silo,
    IOptions<SandboxOptions> sandboxOptions,
    IOptions<RunOptions> runOptions,
    IOptions<HostOptions> hostOptions,
    SandboxTraces traces,
    RunSpans spans,
    IOptions<TemplateOptions> templates,
    IContainerRuntime runtime,
    TimeProvider time,
    ILogger<SandboxGrain> logger) : Grain, ISandboxGrain, IRunEventsSource, IFramePumpOwner, IFileHost
{
    private const int MaxExpecting = 64;

    private readonly GrainRecord<SandboxRecord> _record = new(durable, "sandbox", context.GrainId, logger);
    private readonly GrainRecord<Tombstone> _tombstone = new(expiring, "tombstone", context.GrainId, logger);
    private readonly RunTable _runs = new(
        runOptions.Value.MaxOpen, MaxExpecting, runOptions.Value.MaxEndedInMemory, runOptions.Value.MaxEndedBytesInMemory);
    private readonly CancellationTokenSource _closing = new();
    private readonly CancellationTokenSource _deactivating = new();
    private SandboxId _id;
    private GuestPort? _port;
    private FramePump? _pump;
    private Task _pumping = Task.CompletedTask;
    private Task? _adopting;

    // A write was made whose answer never came.
    private bool _mayHaveRecord;

    private SandboxOptions Limits => sandboxOptions.Value;

    private bool IsHome => host.Id == _id.Host;

    private SandboxInfo Info => _record.Value.ToInfo(_id);

    public override async Task OnActivateAsync(CancellationToken cancellationToken)
    {
        if (!SandboxId.TryParse(this.GetPrimaryKeyString(), null, out _id)) return;
        if (!IsHome) WatchForHost();
        await Task.WhenAll(_tombstone.ReadAsync(), _record.ReadAsync());
        NoteTrace();
        if (_tombstone.Exists && _record.Exists) await StoreAsync(_record.ClearAsync);  // what a crash left behind the tombstone
        if (_tombstone.Exists || !_record.Exists) return;
        if (_record.Value.Ending is { } why) EndInBackground(why);
        else if (IsHome) _ = AdoptAsync();
        else await BecomeOrphanAsync(cancellationToken);
    }

    public override async Task OnDeactivateAsync(DeactivationReason reason, CancellationToken cancellationToken)
    {
        await _closing.CancelAsync();
        await _deactivating.CancelAsync();
        foreach (var run in _runs.Open) run.Leave();
        GrainContext.StopRunStreams();
        await _pumping.WaitAsync(cancellationToken).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing | ConfigureAwaitOptions.ContinueOnCapturedContext);
    }

    public Task Prepare() => Task.CompletedTask;

    public async Task<SandboxInfo> Create(string creation, TenantId tenant, SandboxSpec spec, CancellationToken cancellationToken)
    {
        if (!_record.Exists && !_tombstone.Exists) traces.Note(_id, tenant.Value, spec.Trace);
        GuardTombstone(tenant);
        if (_mayHaveRecord) await ReadAgainAsync();
        if (!_record.Exists)
        {
            await TakeAsync(creation, tenant, spec);
        }
        else if (_record.Value.Creation != creation || _record.Value.Tenant != tenant.Value)
        {
            throw new SandboxTakenException();
        }

        GuardLiving();
        var port = await RequireGuestAsync(cancellationToken);
        if (!spec.Env.IsEmpty) await AskAsync(port, new SetEnvironment(spec.Env), cancellationToken);
        LogCreated(_id, tenant, spec.Template);
        return Info;
    }

    public async Task<SandboxInfo> Get(TenantId tenant)
    {
        var info = GuardReadable(tenant);
        await EndWhenHostIsLostAsync();
        return _tombstone.Exists ? _tombstone.Value.Sandbox! : info;
    }

    public async Task<SandboxInfo?> Adopt(string containerId)
    {
        if (!IsHome)
        {
            // An orphan knows nothing of containers: it makes way, and the host asks again.
            MakeWay();
            throw new SandboxUnreachableException();
        }

        if (_mayHaveRecord) await ReadAgainAsync();
        if (_tombstone.Exists || !_record.Exists || _record.Value.ContainerId != containerId)
        {
            DeactivateWhenIdle();
            return null;
        }

        if (_end is { } end)
        {
            await end;
            return null;
        }

        await AdoptAsync();
        return Info;
    }

    // The record is written before anything else: an older activation's next write then fails, and it steps down.
    private async Task TakeAsync(string creation, TenantId tenant, SandboxSpec spec)
    {
        if (!IsHome) throw new SandboxUnreachableException();
        var hostGrain = GrainFactory.GetGrain<IHostGrain>(_id.Host);
        var container = await hostGrain.TakeLease(_id) ?? throw new LeaseGoneException();
        var now = time.GetUtcNow();

        // Should the answer to this be lost, a repeat of this create or the sweep finds container and record, and goes on.
        _mayHaveRecord = true;
        await StoreAsync(() => _record.WriteAsync(new SandboxRecord
        {
            Tenant = tenant.Value,
            Creation = creation,
            Owner = silo.SiloAddress.ToParsableString(),
            Boot = container.Boot,
            ContainerId = container.ContainerId,
            Template = spec.Template,
            Egress = spec.Egress,
            Metadata = spec.Metadata,
            CreatedAt = now,
            ExpiresAt = now + spec.Lifetime,
            IdleLimit = spec.IdleLimit,
            Trace = spec.Trace,
        }));
        _mayHaveRecord = false;
        _light = false;
        Attach();
        await hostGrain.Report(Info);
    }

    private async Task ReadAgainAsync()
    {
        await _record.ReadAsync();
        _mayHaveRecord = false;
    }

    /// <summary>Takes a container back that an earlier activation had; one at a time, repeated until the record could be written.</summary>
    private Task AdoptAsync()
    {
        if (_port is not null) return Task.CompletedTask;
        if (_adopting is null or { IsCompleted: true }) _adopting = AdoptCoreAsync();
        return _adopting;
    }

    private async Task AdoptCoreAsync()
    {
        RestoreTrace();
        using var span = Spans.Start(Spans.Adopt, Trace);
        Describe(span);
        await StoreAsync(() => _record.WriteAsync(_record.Value with { Owner = silo.SiloAddress.ToParsableString() }));
        foreach (var run in await log.ListOpenAsync(_id, _closing.Token)) await OpenKnownAsync(run, _closing.Token);
        if (_end is not null) return;
        Attach();
        LogAdopted(_id, _runs.OpenCount);
        await GrainFactory.GetGrain<IHostGrain>(_id.Host).Report(Info);
    }

    private void Attach()
    {
        DelayDeactivation(Timeout.InfiniteTimeSpan);
        _port = guests.Open(_id);
        _pump = new FramePump(_id, _port, this, runOptions.Value, logger);
        _pumping = OnSchedulerAsync(PumpAsync);
        _idleSince = time.GetUtcNow();
        StartAlarms();
    }

    private async Task PumpAsync()
    {
        RestoreTrace();
        try
        {
            await _pump!.RunAsync(_port!.Attach(), _deactivating.Token);
        }
        catch (OperationCanceledException) when (_deactivating.IsCancellationRequested)
        {
        }
        catch (Exception e)
        {
            // Nothing is lost: what was not acknowledged comes again to the next activation.
            LogPumpFailed(e, _id);
            OnReplaced();
        }
    }

    /// <summary>Every command begins here.</summary>
    private async ValueTask<GuestPort> GuardCommandAsync(TenantId tenant, CancellationToken cancellationToken)
    {
        GuardReadable(tenant);
        await EndWhenHostIsLostAsync();
        GuardTombstone(tenant);
        GuardLiving();
        return await RequireGuestAsync(cancellationToken);
    }

    private void GuardTombstone(TenantId tenant)
    {
        if (!_tombstone.Exists) return;
        var sandbox = _tombstone.Value.Sandbox!;
        if (sandbox.Tenant != tenant) throw new SandboxNotFoundException();
        throw Gone(sandbox.EndReason!.Value);
    }

    private void GuardLiving()
    {
        if (_record.Value.Ending is { } why) throw Gone(why);
    }

    private static PodflareException Gone(EndReason why) =>
        why is EndReason.Lost or EndReason.Stuck ? new SandboxLostException() : new SandboxEndedException(why);

    private SandboxInfo GuardReadable(TenantId tenant)
    {
        var info = _tombstone.Exists ? _tombstone.Value.Sandbox : _record.Exists ? Info : null;
        if (info is null || info.Tenant != tenant)
        {
            if (info is null) DeactivateWhenIdle();
            throw new SandboxNotFoundException();
        }

        return info;
    }

    private async ValueTask<GuestPort> RequireGuestAsync(CancellationToken cancellationToken)
    {
        if (_port is { } port) return port;
        if (!IsHome) throw new SandboxUnreachableException();
        await AdoptAsync().WaitAsync(cancellationToken);
        return _port ?? throw new SandboxUnreachableException();
    }

    private async Task<GuestTaken> AskAsync(GuestPort port, GuestRequest request, CancellationToken cancellationToken)
    {
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(_closing.Token, cancellationToken);
        using var timer = time.CreateTimer(_ => limit.Cancel(), null, TimeSpan.FromSeconds(Limits.GuestAnswerSeconds), Timeout.InfiniteTimeSpan);
        GuestAnswer answer;
        try
        {
            answer = await port.SendAsync(request, limit.Token);
        }
        catch (OperationCanceledException)
        {
            GuardLiving();
            throw new SandboxUnreachableException();
        }

        return answer switch
        {
            GuestTaken taken => taken,
            GuestRefused { Code: "queue_full" } => throw new RunQueueFullException(runOptions.Value.MaxOpen),
            GuestRefused { Code: "closing" } => throw new SandboxUnreachableException(),
            GuestRefused refused => throw new InvalidOperationException($"The guest calls a request invalid: {refused.Detail}"),
            _ => throw new InvalidOperationException("The guest gave an answer of an unknown kind."),
        };
    }

    private void DeactivateWhenIdle()
    {
        DelayDeactivation(TimeSpan.Zero);
        DeactivateOnIdle();
    }

    // A loop of ours is no part of the call that happened to start it: it must stay on the grain's scheduler, without its context.
    private static Task OnSchedulerAsync(Func<Task> loop)
    {
        var scheduler = TaskScheduler.Current;
        using (ExecutionContext.SuppressFlow())
        {
            return Task.Factory.StartNew(loop, CancellationToken.None, TaskCreationOptions.None, scheduler).Unwrap();
        }
    }
}
