using Microsoft.Extensions.Logging;
using Podflare.Audit;
using Podflare.Containers;
using Podflare.Contexts;
using Podflare.Files;
using Podflare.Guests;
using Podflare.Hosts;
using Podflare.Resilience;
using Podflare.Resources;
using Podflare.Runs;
using Podflare.Streaming;
using Podflare.Telemetry;
using Podflare.Tenants;

namespace Podflare.Sandboxes;

/// <inheritdoc cref="ISandboxGrain"/>
/// <remarks>
/// On its own host it owns the container. Elsewhere it is an <see cref="OrphanedSandbox"/>, which answers commands with 503.
/// </remarks>
[GrainType("sandbox"), HostPlacement]
public sealed partial class SandboxGrain : Grain, ISandboxGrain, IRunEventsSource, IFileHost, IContextHost, IProcessHost
{
    private static readonly TimeSpan ReportLimit = TimeSpan.FromSeconds(5);

    private readonly SandboxSettings _settings;
    private readonly ILogger<SandboxGrain> _logger;
    private readonly SandboxId _id;
    private readonly SandboxRecords _records;
    private readonly SandboxRuns _runs;
    private readonly GuestSession _guest;
    private readonly SandboxReports _reports;
    private readonly SandboxTermination _termination;
    private readonly GuestRequestSender _sender;
    private readonly RunAcceptor _acceptor;
    private readonly RunQueries _queries;
    private readonly RunCommands _commands;
    private readonly ContainerOwnership _container;
    private readonly SandboxDeadlines _deadlines;
    private readonly SandboxUpdater _updater;
    private readonly SandboxSecret _secret;
    private readonly SandboxEgress _egress;
    private readonly OrphanedSandbox _orphan;
    private readonly CallGuard _guard;
    private readonly SandboxResources _resources;
    private readonly SandboxUpkeep _upkeep;
    private readonly bool _isOnOwningHost;

    public SandboxGrain(
        IGrainContext context, SandboxRecordStore store, SandboxHosts hosts, SandboxLogs logs, GuestListener guests, IContainerRuntime runtime, RunSpans spans,
        SandboxSettings settings, TimeProvider time, ILogger<SandboxGrain> logger)
    {
        (_settings, _logger) = (settings, logger);
        var log = logs.Events;
        _isOnOwningHost = SandboxId.TryParse(context.GrainId.Key.ToString(), null, out _id) && hosts.IsLocal(_id);
        _records = store.Open(_id, context.GrainId, logger, () => { _runs!.DropSpans(); DeactivateOnIdle(); });
        _runs = new SandboxRuns(_records, log, spans, settings, time, logger);
        _guest = new GuestSession(_records, _runs, settings, time, logger);
        var usage = new SandboxUsage(_records, _guest, hosts, logs, settings, time, logger);
        _reports = new SandboxReports(_records, logs, new SandboxFeed(_records, logs, settings, time, logger), logger);
        _termination = new SandboxTermination(_records, _runs, _guest, usage, log, guests, GrainFactory, settings, time, logger) { Loss = new ContainerLoss(_records, runtime, logger, _isOnOwningHost), Feed = _reports.Feed, Ended = OnEnded };
        // A guest that was told to close by an end that was never recorded can run nothing any more.
        _sender = new GuestRequestSender(settings, time, () => _termination.EndInBackground(EndReason.Lost), logger, _termination.Closing);
        _acceptor = new RunAcceptor(_records, _runs, _sender, log, spans, settings, time, logger, _termination, new SandboxContent(_records, logs));
        _commands = new RunCommands(_records, _runs, _sender, settings);
        _container = new ContainerOwnership(_records, _runs, _guest, _termination, guests, log, GrainFactory, time, logger, OnAttached);
        var cpu = new CpuPriority(_records, settings, runtime, time, logger);
        _deadlines = new SandboxDeadlines(_records, _runs, _guest, _sender, _termination, cpu, runtime, settings, time, logger);
        _egress = new SandboxEgress(_records, runtime, time, logger, _termination.Closing);
        _orphan = new OrphanedSandbox(_records, _runs, _termination, hosts, time, logger, MigrateToOwner);
        _guard = new CallGuard(_records, _guest, _termination, _container, _orphan, _isOnOwningHost, DeactivateWhenIdle);
        _queries = new RunQueries(_guard, _runs, log, _guest, _termination, _isOnOwningHost, time);
        _updater = new SandboxUpdater(_records, _guard, _termination, _deadlines, GrainFactory, settings, time, logger);
        _secret = new SandboxSecret(_records, _guard, _termination, settings);
        _resources = new SandboxResources(_records, _guest, _guard, settings);
        _upkeep = new SandboxUpkeep(_deadlines, usage, _resources, _reports, _egress, _orphan, logger);
        (_runs.Changed, _runs.Started, _runs.Ended) = (_deadlines.Arm, _reports.Feed.ReportStarted, _reports.ReportRunEnded);
    }

    public RunTable Runs => _runs.Table;

    public CancellationToken FilesClosing => _termination.Closing;

    public override async Task OnActivateAsync(CancellationToken cancellationToken)
    {
        if (_id == default) return;
        if (!_isOnOwningHost) _orphan.Watch(this);
        await _records.ReadAsync();
        if (_records.HasTombstone)
        {
            // A crash has left the record behind the tombstone, or the store executed an accept late.
            _reports.ReportEnded();
            await _records.ClearAsync();
            await _termination.CloseLeftoverRunsAsync();
        }
        else if (_records.HasRecord)
        {
            if (_records.Record.Ending is { } why) _termination.EndInBackground(why);
            else if (_isOnOwningHost) Background.Run(_logger, "adoption", _container.AdoptAsync());
            else await _orphan.OpenAsync(cancellationToken);
        }
    }

    public override async Task OnDeactivateAsync(DeactivationReason reason, CancellationToken cancellationToken)
    {
        await _termination.StopAsync();
        foreach (var run in _runs.Table.Open) run.Leave();
        GrainContext.StopRunStreams();
        await _guest.StopAsync(cancellationToken);
    }

    public Task Prepare() => Task.CompletedTask;

    public async Task<SandboxInfo> Create(string creation, TenantId tenant, SandboxSpec spec, CancellationToken cancellationToken)
    {
        SandboxLimits.Guard(spec, _settings.Sandboxes);
        if (_records.Info is null) _records.RememberTrace(tenant.Value, spec.Trace);
        _records.GuardTombstone(tenant);
        await _records.ResolveAsync();
        if (_records.HasRecord && (_records.Record.Creation != creation || _records.Record.Tenant != tenant.Value)) throw new SandboxTakenException();
        if (!_isOnOwningHost) throw new SandboxUnreachableException();
        if (!_records.HasRecord) await _container.TakeAsync(creation, tenant, spec, _settings.SizeOf(spec));
        _termination.GuardLiving();
        _acceptor.Content.SetEnv(spec.Env.Values);
        await _egress.AllowAsync();
        var port = await _guard.GuestAsync(cancellationToken);
        if (!spec.Env.IsEmpty) await _sender.SendAsync(port, new SetEnvironment(spec.Env), cancellationToken);
        LogCreated(_id, tenant, spec.Template);
        return _records.Info!;
    }

    public Task<SandboxInfo> Get(TenantId tenant) => _guard.ReadAsync(tenant);

    public Task<SandboxCredentials> GetCredentials() => _secret.GetAsync();

    public Task<SandboxCredentials> EnsureCredentials(TenantId tenant, CancellationToken cancellationToken) => _secret.EnsureAsync(tenant, cancellationToken);

    public Task<SandboxMetrics> GetMetrics(TenantId tenant, DateTimeOffset? from, DateTimeOffset? to, CancellationToken cancellationToken) =>
        _resources.ReadAsync(tenant, from, to, cancellationToken);

    public async Task<RunAccepted> StartRun(TenantId tenant, RunId run, RunRequest request, CancellationToken cancellationToken)
    {
        RunLimits.Guard(request, _settings);
        return await _acceptor.StartAsync(await _guard.CommandAsync(tenant, cancellationToken), run, request, cancellationToken);
    }

    public Task<RunInfo> GetRun(TenantId tenant, RunId run) => _queries.GetAsync(tenant, run);

    public Task<RunTraceData> GetRunTrace(TenantId tenant, RunId run) => _queries.GetTraceAsync(tenant, run);

    public Task<IReadOnlyList<RunId>> ListRuns(TenantId tenant) => _queries.ListAsync(tenant);

    public Task<RunPage> ListRuns(TenantId tenant, RunFilter filter, CancellationToken cancellationToken) => _queries.ListAsync(tenant, filter, cancellationToken);

    public Task<EventBatch?> ReadEvents(TenantId tenant, RunId run, long afterSeq, CancellationToken cancellationToken) =>
        _queries.ReadEventsAsync(tenant, run, afterSeq, cancellationToken);

    public Task Interrupt(TenantId tenant, RunId run, CancellationToken cancellationToken) => Interrupt(tenant, run, grace: null, cancellationToken);

    public async Task Interrupt(TenantId tenant, RunId run, TimeSpan? grace, CancellationToken cancellationToken)
    {
        RunLimits.GuardGrace(grace, _settings.Runs);
        _guard.Readable(tenant);
        if (!await _runs.IsOpenAsync(run, cancellationToken)) return;
        await _commands.InterruptAsync(await _guard.CommandAsync(tenant, cancellationToken), run, grace, cancellationToken);
    }

    public async Task<long> WriteStdin(TenantId tenant, RunId run, StdinChunk chunk, CancellationToken cancellationToken) =>
        await _commands.WriteStdinAsync(await _guard.CommandAsync(tenant, cancellationToken), run, chunk, cancellationToken);

    public async Task Signal(TenantId tenant, RunId run, string signal, SignalScope scope, CancellationToken cancellationToken) =>
        await _commands.SignalAsync(await _guard.CommandAsync(tenant, cancellationToken), run, signal, scope, cancellationToken);

    public async Task Resize(TenantId tenant, RunId run, TerminalSize size, CancellationToken cancellationToken) =>
        await _commands.ResizeAsync(await _guard.CommandAsync(tenant, cancellationToken), run, size, cancellationToken);

    public async Task<ToolAnswerOutcome[]> AnswerToolCalls(TenantId tenant, RunId run, ToolAnswer[] answers, CancellationToken cancellationToken) =>
        await _commands.AnswerAsync(await _guard.CommandAsync(tenant, cancellationToken), run, answers, cancellationToken);

    public async Task<GuestTaken> SendAsync(TenantId tenant, GuestContextRequest request, CancellationToken cancellationToken) =>
        await _commands.SendAsync(await _guard.CommandAsync(tenant, cancellationToken), request, cancellationToken);

    public Task<SandboxInfo> Update(TenantId tenant, SandboxUpdate update, CancellationToken cancellationToken) => _updater.UpdateAsync(tenant, update, cancellationToken);

    public async Task Delete(TenantId tenant, AuditOrigin? origin)
    {
        if (await _guard.IsToBeDeletedAsync(tenant)) await _termination.DeleteAsync(origin);
    }

    public async Task<SandboxInfo?> Adopt(string containerId)
    {
        if (!_isOnOwningHost)
        {
            // Only the sandbox's own host knows its containers: the activation moves there, and the host asks again.
            MigrateToOwner();
            throw new SandboxUnreachableException();
        }

        if (await _container.AdoptAsync(containerId) is { } adopted) return adopted;
        if (!_termination.IsEnding) DeactivateWhenIdle();
        return null;
    }

    public Task<bool> DeclareLost() => _termination.DeclareLostAsync();

    public Task<RunEvents> OpenEventsAsync(TenantId tenant, RunId run, bool expectStart, CancellationToken cancellationToken) =>
        _queries.OpenEventsAsync(tenant, run, expectStart, cancellationToken);

    public async ValueTask AttachAsync(TenantId tenant, CancellationToken cancellationToken)
    {
        await _guard.CommandAsync(tenant, cancellationToken);
        if (!await _guest.WaitUntilReportedAsync(ReportLimit, cancellationToken)) throw new SandboxUnreachableException();
    }

    public ValueTask<GuestPort> OpenFilesAsync(TenantId tenant, CancellationToken cancellationToken) => _guard.CommandAsync(tenant, cancellationToken);

    public void GuardFiles() => _termination.GuardLiving();

    public void OnFilesChanged(int open) => _deadlines.SetFileCalls(open);

    private void OnAttached(bool adopted)
    {
        DelayDeactivation(Timeout.InfiniteTimeSpan);
        _upkeep.Start(this, adopted, _termination.Closing);
    }

    private void OnEnded()
    {
        _upkeep.Stop();
        DelayDeactivation(TimeSpan.Zero);
    }

    private void DeactivateWhenIdle()
    {
        DelayDeactivation(TimeSpan.Zero);
        DeactivateOnIdle();
    }

    // Moves to the owner instead of only deactivating: whoever has this silo in its directory cache would activate the sandbox here again
    // with its next call, and the owner would never get it. Readers are told to subscribe again.
    private void MigrateToOwner()
    {
        GrainContext.StopRunStreams();
        DelayDeactivation(TimeSpan.Zero);
        this.MigrateOnIdle();
    }
}
