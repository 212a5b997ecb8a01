using System.Collections.Immutable;
using Microsoft.Extensions.Logging;
using Podflare.Containers;
using Podflare.Processes;
using Podflare.Resilience;
using Podflare.Sandboxes;
using Podflare.Storage;
using Podflare.Telemetry;
using Podflare.Tenants;
using Podflare.Traffic;

namespace Podflare.Hosts;

/// <summary>The parts of a host that its grain puts to work, and what joins them.</summary>
/// <remarks>For its grain's scheduler only.</remarks>
internal sealed partial class HostWork
{
    private static readonly TimeSpan StorePatience = TimeSpan.FromSeconds(10);

    private readonly string _host;
    private readonly HostContainers _containers;
    private readonly IGrainFactory _grains;
    private readonly TemplateOptions _templates;
    private readonly HostOptions _options;
    private readonly ILogger _logger;
    private readonly ImmutableDictionary<string, PoolBounds> _pools;
    private readonly TrafficLog _traffic;
    private readonly TimeProvider _time;

    public HostWork(
        string host, GrainRecord<HostRecord> record, HostContainers containers, HostStore store, IGrainFactory grains, HostSettings settings, IIsolationProbe probe,
        TimeProvider time, ILogger logger, CancellationToken stopping)
    {
        var (templates, options) = (settings.Templates, settings.Host);
        (_host, _containers, _grains, _templates, _options, _logger, _traffic, _time) = (host, containers, grains, templates, options, logger, settings.Traffic, time);
        Instruments.Hosts.SetOvercommit(options.Overcommit);
        Ledger = new ContainerLedger(options.Slots, settings.Memory.LimitBytes, time);
        Claims = new ClaimLedger(Ledger);
        Isolation = new HostIsolationCheck(host, probe, settings.Isolation, time, logger, stopping);
        Health = new HostHealth(host, containers, options, time, logger);
        Remover = new ContainerRemover(containers, Ledger, options.ConcurrentRemovals, () => Pool!.Serve(), logger);
        Pool = new ContainerPool(host, templates, options, settings.Memory, Ledger, new Starter(this), settings.Cpu, time, logger);
        _pools = Pool.Bounds.ToImmutableDictionary(StringComparer.Ordinal);
        Ends = new RecentEnds(() => store.Epoch, options.RememberedEnds, TimeSpan.FromSeconds(options.RememberSeconds), time);
        Record = new HostRecordWriter(host, record, Ledger, Ends, TimeSpan.FromSeconds(options.SeenSeconds), time, logger);
        Reconciler = new HostReconciler(Ledger, Pool, Remover, Ends, containers, grains, options, time, logger, stopping);
        Deaths = new ContainerDeathWatch(host, containers, Reconciler.OnDied, time, logger);
    }

    public ContainerLedger Ledger { get; }

    /// <summary>What the tenants have on this host.</summary>
    public ClaimLedger Claims { get; }

    public ContainerPool Pool { get; }

    public ContainerRemover Remover { get; }

    public HostHealth Health { get; }

    public HostIsolationCheck Isolation { get; }

    public RecentEnds Ends { get; }

    public HostRecordWriter Record { get; }

    public HostReconciler Reconciler { get; }

    public ContainerDeathWatch Deaths { get; }

    /// <summary>The label of a template in metrics. A template that is gone from the options would be one more value for ever.</summary>
    public string Label(string template) => _templates.ContainsKey(template) ? template : "other";

    /// <inheritdoc cref="ContainerPool.ClaimAsync"/>
    /// <param name="creation">The create that the claim belongs to.</param>
    public async Task<ContainerEntry> ClaimAsync(TenantId tenant, string? creation, ContainerSpec shape, ClaimTrace? trace, TimeSpan wait, CancellationToken cancellationToken)
    {
        var claim = Claims.Begin(tenant, creation, shape.MemoryBytes, _time.GetTimestamp());
        try
        {
            var leased = await Pool.ClaimAsync(tenant, shape, trace, wait, cancellationToken);
            leased.Claim = claim;
            return leased;
        }
        finally
        {
            Claims.End(claim);
        }
    }

    /// <param name="accepts">The host accepts sandboxes.</param>
    public HostLoad Load(bool accepts, bool draining)
    {
        var parked = Pool.Parked.Where(part => part.Count > 0).ToImmutableDictionary(part => part.Template, part => part.Count);
        return new HostLoad(Ledger.Used - parked.Values.Sum(), accepts ? _options.Slots : 0, draining)
        {
            Parked = parked,
            Waiting = Pool.Waiting,
            // Parked containers make room when others need it.
            MemoryUsed = (double)(Ledger.UsedBytes - Pool.ParkedBytes) / Ledger.MemoryBytes,
            Name = Environment.MachineName,
            MemoryBytes = Ledger.MemoryBytes,
            Overcommit = _options.Overcommit,
            Isolation = Isolation.Current,
            Problem = accepts ? Isolation.Problem ?? Health.Problem : null,
            FailuresInRow = Health.FailuresInRow,
            EngineSilence = Health.EngineSilence,
            FreeBytes = Health.FreeBytes,
            SetAside = Ledger.In(ContainerState.Adopting).Count(entry => !entry.InProgress && entry.ContainerId is not null),
            Version = ProductVersion.Text,
            Pools = _pools,
            Mode = Record.Mode,
        };
    }

    /// <summary>What this host does for one tenant.</summary>
    public HostTraffic TrafficOf(TenantId tenant) => _traffic.Of(tenant).Read(
        Ledger.Sandboxes.Where(sandbox => sandbox.Tenant == tenant).GroupBy(sandbox => sandbox.Template, StringComparer.Ordinal).ToImmutableDictionary(group => group.Key, group => group.Count()));

    /// <summary>A sandbox reports that it lives, or what has changed of it.</summary>
    /// <returns>A claimed container has just become this sandbox.</returns>
    public bool Report(SandboxInfo sandbox)
    {
        var entry = Ledger.Find(sandbox.Id);
        if (entry is { State: ContainerState.Leased or ContainerState.Starting or ContainerState.Parked or ContainerState.Removing }) return false;
        var isNew = entry is { State: ContainerState.HandedOver };
        entry ??= Ledger.Add(sandbox.Id, ContainerState.Live, 0);
        if (entry.State is not ContainerState.Live) Ledger.Move(entry, ContainerState.Live);
        entry.Info = sandbox;
        Record.MarkChanged();
        if (isNew && entry.Claim is { } claim) _traffic.Of(claim.Tenant).RecordCreate(_time.GetElapsedTime(claim.BeganAt));
        return isNew;
    }

    /// <summary>Sets the mode of the host at once, and stores it.</summary>
    /// <exception cref="StorageUnavailableException">It could not be stored in time. Storing continues.</exception>
    public async Task SetModeAsync(HostMode mode)
    {
        var stored = Record.SetModeAsync(mode);
        ApplyMode();
        try
        {
            await stored.WaitAsync(StorePatience, _time);
        }
        catch (TimeoutException)
        {
            throw new StorageUnavailableException();
        }
    }

    /// <summary>Follows the mode of the host.</summary>
    public void ApplyMode()
    {
        if (Record.Mode is HostMode.Draining) Pool.Close();
        else Pool.Reopen();
    }

    public void PublishMetrics() => Instruments.Hosts.Set(
        Ledger.Sandboxes.CountBy(sandbox => Label(sandbox.Template)), Pool.Parked.Select(parked => KeyValuePair.Create(parked.Template, parked.Count)), Pool.Waiting);

    /// <summary>Removes the containers whose lease is over: nobody's data was in them, but who holds the id is not known, so they are not parked again.</summary>
    public void ExpireLeases()
    {
        var limit = TimeSpan.FromSeconds(_options.LeaseSeconds);
        foreach (var entry in Ledger.In(ContainerState.Leased).Where(entry => Ledger.Age(entry) >= limit).ToArray())
        {
            LogLeaseExpired(entry.Sandbox);
            Instruments.SweepRemoved.Add(1, new KeyValuePair<string, object?>("reason", "lease"));
            Remover.Remove(entry);
        }

        // Its sandbox has come for it and never reported: the next sweep asks whether it lives.
        foreach (var entry in Ledger.In(ContainerState.HandedOver).Where(entry => Ledger.Age(entry) >= limit).ToArray()) Ledger.Move(entry, ContainerState.Adopting);
    }

    /// <summary>Ends the sandboxes of a host that is gone.</summary>
    /// <returns>False when some could not be ended yet.</returns>
    public async Task<bool> DeclareAllLostAsync(IEnumerable<string> sandboxes)
    {
        var ids = SandboxPage.ParseIds(sandboxes).ToArray();
        LogHostLost(_host, ids.Length);
        using var gate = new SemaphoreSlim(_options.ConcurrentRemovals);
        var ended = await Task.WhenAll(ids.Select(async id =>
        {
            await gate.WaitAsync();
            try
            {
                _containers.EnterTrace(id);
                if (await _grains.GetGrain<ISandboxGrain>(id.Value).DeclareLost()) Instruments.SweepEnded.Add(1, new KeyValuePair<string, object?>("reason", "host"));
                return true;
            }
            catch (Exception e)
            {
                LogNotDeclaredLost(e, id);
                return false;
            }
            finally
            {
                gate.Release();
            }
        }));
        return Array.TrueForAll(ended, done => done);
    }

    [LoggerMessage(LogLevel.Warning, "No sandbox came for the container of {Sandbox} within its lease; removing it.")]
    private partial void LogLeaseExpired(SandboxId sandbox);

    [LoggerMessage(LogLevel.Error, "Host {Host} is gone for good; ending its {Count} sandboxes.")]
    private partial void LogHostLost(string host, int count);

    [LoggerMessage(LogLevel.Warning, "Sandbox {Sandbox} of a host that is gone could not be ended yet; trying again within a minute.")]
    private partial void LogNotDeclaredLost(Exception exception, SandboxId sandbox);

    private sealed class Starter(HostWork work) : IContainerStarter
    {
        public async Task<LeasedContainer> StartAsync(ContainerSpec spec, ClaimTrace? trace)
        {
            try
            {
                var started = await work._containers.StartAsync(spec, trace);
                work.Health.OnStarted();
                return started;
            }
            catch (Exception e)
            {
                work.Health.OnStartFailed(e);
                throw;
            }
        }

        public Task ResizeAsync(string containerId, ContainerSpec shape) => work._containers.ResizeAsync(containerId, shape);

        public bool IsReady(SandboxId sandbox) => work._containers.IsConnected(sandbox);

        public void MarkParked(SandboxId sandbox, bool parked) => work._containers.MarkParked(sandbox, parked);

        public void Remove(ContainerEntry entry) => work.Remover.Remove(entry);
    }
}
