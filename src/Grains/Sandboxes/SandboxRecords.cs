using System.Diagnostics;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using Orleans.Storage;
using Podflare.Audit;
using Podflare.Storage;
using Podflare.Telemetry;
using Podflare.Tenants;

namespace Podflare.Sandboxes;

/// <summary>Opens the stored records of sandboxes.</summary>
public sealed class SandboxRecordStore(
    [FromKeyedServices(Stores.Durable)] IGrainStorage durable, [FromKeyedServices(Stores.Expiring)] IGrainStorage expiring, ILocalSiloDetails silo, SandboxTraces traces)
{
    /// <param name="replaced">Called when another activation owns the sandbox.</param>
    public SandboxRecords Open(SandboxId id, GrainId grain, ILogger logger, Action replaced) => new(
        id, new GrainRecord<SandboxRecord>(durable, "sandbox", grain, logger), new GrainRecord<Tombstone>(expiring, "tombstone", grain, logger),
        silo.SiloAddress.ToParsableString(), traces, logger, replaced);
}

/// <summary>
/// The stored records of one sandbox: its record while it lives, its tombstone for 24 h after its end. The record's ETag and its owner
/// decide which activation may write.
/// </summary>
public sealed partial class SandboxRecords(
    SandboxId id, GrainRecord<SandboxRecord> record, GrainRecord<Tombstone> tombstone, string owner, SandboxTraces traces, ILogger logger, Action replaced)
{
    // A write whose answer was lost: the store may have it.
    private bool _isUncertain;

    // What the store has lost and this activation still has.
    private SandboxRecord? _lost;
    private SandboxInfo? _lostEnd;

    private SandboxRecord? _infoSource;
    private SandboxInfo? _info;

    public SandboxId Id => id;

    public bool HasRecord => record.Exists || _lost is not null;

    public bool HasTombstone => tombstone.Exists || _lostEnd is not null;

    /// <summary>Valid if <see cref="HasRecord"/>.</summary>
    public SandboxRecord Record => _lost ?? record.Value;

    /// <summary>The container of the record, also after it was cleared; null when there never was a record here.</summary>
    public string? ContainerId { get; private set; }

    /// <summary>Another activation owns the sandbox; this one steps down.</summary>
    public bool IsReplaced { get; private set; }

    /// <summary>The sandbox as lists show it: from the record, or once it has ended from the tombstone. Null when there is neither.</summary>
    public SandboxInfo? Info => HasTombstone ? _lostEnd ?? tombstone.Value.Sandbox : HasRecord ? InfoOf(Record) : null;

    /// <summary>The caller who deleted the sandbox; null while it lives, and if nobody asked for its end.</summary>
    public AuditOrigin? EndOrigin => tombstone.Value.Origin;

    /// <summary>The trace that this sandbox belongs to.</summary>
    public TraceBinding? Trace => Info?.Trace;

    public async Task ReadAsync()
    {
        await Task.WhenAll(tombstone.ReadAsync(), record.ReadAsync());
        (_isUncertain, _lost) = (false, null);
        RememberTrace();
    }

    /// <summary>Reads again if an earlier write had no answer.</summary>
    public Task ResolveAsync() => _isUncertain ? ReadAsync() : Task.CompletedTask;

    /// <summary>Writes the record with this silo as its owner.</summary>
    /// <exception cref="SandboxUnreachableException">Another activation owns the sandbox; this one steps down.</exception>
    /// <exception cref="StorageUnavailableException">The store does not answer. The record may be written all the same.</exception>
    public async Task WriteAsync(SandboxRecord value)
    {
        _isUncertain = true;
        value = value with { Owner = owner };
        try
        {
            await record.WriteAsync(value);
        }
        catch (InconsistentStateException)
        {
            await GuardOwnershipAsync();
            await WriteAgainAsync(value);
        }

        (_isUncertain, _lost) = (false, null);
    }

    /// <summary>Writes the tombstone. Repeating it is safe.</summary>
    /// <param name="origin">The caller who deleted the sandbox; null if nobody asked for its end.</param>
    /// <exception cref="StorageUnavailableException">The store does not answer.</exception>
    public async Task WriteTombstoneAsync(SandboxInfo ended, AuditOrigin? origin)
    {
        try
        {
            await tombstone.WriteAsync(new Tombstone { Sandbox = ended, Origin = origin });
            _lostEnd = null;
        }
        catch (InconsistentStateException)
        {
            // An earlier attempt of ours, or another activation, has written it.
            await tombstone.ReadAsync();
            if (!tombstone.Exists) throw new StorageUnavailableException();
        }
    }

    /// <summary>Reads again what the store has of a sandbox that has ended.</summary>
    /// <returns>True when it has no tombstone any more: it came back with older data. This activation's own is then to be written again.</returns>
    /// <exception cref="StorageUnavailableException">The store does not answer.</exception>
    public async Task<bool> HasLostTombstoneAsync()
    {
        _lostEnd ??= tombstone.Value.Sandbox;
        await Task.WhenAll(tombstone.ReadAsync(), record.ReadAsync());
        if (tombstone.Exists) _lostEnd = null;
        return !tombstone.Exists;
    }

    /// <summary>Clears the record of a sandbox that has a tombstone. Repeating it is safe.</summary>
    /// <exception cref="StorageUnavailableException">The store does not answer.</exception>
    public async Task ClearAsync()
    {
        _lost = null;
        if (!record.Exists) return;
        ContainerId = record.Value.ContainerId;
        try
        {
            await record.ClearAsync();
        }
        catch (InconsistentStateException)
        {
            await record.ReadAsync();
            if (record.Exists) await record.ClearAsync();
        }
    }

    /// <summary>
    /// Checks that this activation still owns the sandbox. A record that the store has lost, as after a restart of Redis, belongs to the
    /// activation that has it in memory: it is written again.
    /// </summary>
    /// <exception cref="SandboxUnreachableException">Another activation owns the sandbox; this one steps down.</exception>
    /// <exception cref="StorageUnavailableException">The store does not answer.</exception>
    public async Task VerifyOwnershipAsync()
    {
        await GuardOwnershipAsync();
        if (_lost is { } lost) await WriteAgainAsync(lost with { Owner = owner });
    }

    /// <summary>Another activation owns the sandbox, or the log has refused this one.</summary>
    public void StepDown()
    {
        if (IsReplaced) return;
        IsReplaced = true;
        LogReplaced(id);
        replaced();
    }

    /// <summary>The sandbox as its tenant may see it.</summary>
    /// <exception cref="SandboxNotFoundException">The sandbox does not exist, or it belongs to another tenant.</exception>
    public SandboxInfo GuardReadable(TenantId tenant) => Info is { } info && info.Tenant == tenant ? info : throw new SandboxNotFoundException();

    /// <exception cref="SandboxNotFoundException">It has ended, and belonged to another tenant.</exception>
    /// <exception cref="SandboxEndedException">It has ended.</exception>
    /// <exception cref="SandboxLostException">It is lost.</exception>
    public void GuardTombstone(TenantId tenant)
    {
        if (!HasTombstone) return;
        if (Info!.Tenant != tenant) throw new SandboxNotFoundException();
        throw Gone(Info.EndReason!.Value);
    }

    /// <exception cref="SandboxEndedException">It has ended or is about to.</exception>
    /// <exception cref="SandboxLostException">It is lost.</exception>
    public void GuardLiving()
    {
        if (Info?.EndReason is { } why) throw Gone(why);
    }

    public static PodflareException Gone(EndReason why) =>
        why is EndReason.Lost or EndReason.Stuck or EndReason.Oom ? new SandboxLostException() : new SandboxEndedException(why);

    /// <summary>Makes the sandbox's own trace the current one, for work that no caller has started: timers, the pump, adoption, the end.</summary>
    public void EnterTrace()
    {
        if (Trace is not { } trace) return;
        RememberTrace();
        Activity.Current = null;
        CallContext.Set(trace.TraceParent, trace);
    }

    public void RememberTrace() => RememberTrace(Info?.Tenant.Value, Trace);

    public void RememberTrace(string? tenant, TraceBinding? trace) => traces.Note(id, tenant, trace);

    public void RememberTrace(Runs.RunRecord run)
    {
        if (run.Trace is { } trace && trace.TraceParent != Trace?.TraceParent) traces.Note(run.Id, trace.ToBinding());
    }

    public Activity? Describe(Activity? span) =>
        span?.SetTag(Spans.SandboxId, id.Value).SetTag(Spans.TenantId, Info?.Tenant.Value).SetTag(Spans.Template, Info?.Template);

    // Each call of the grain needs it several times.
    private SandboxInfo InfoOf(SandboxRecord current)
    {
        if (!ReferenceEquals(_infoSource, current)) (_infoSource, _info) = (current, current.ToInfo(id));
        return _info!;
    }

    private async Task GuardOwnershipAsync()
    {
        var known = HasRecord ? Record : null;
        await Task.WhenAll(tombstone.ReadAsync(), record.ReadAsync());
        _lost = record.Exists || tombstone.Exists ? null : known;
        if (!tombstone.Exists && (!record.Exists || record.Value.Owner == owner)) return;
        StepDown();
        throw new SandboxUnreachableException();
    }

    private async Task WriteAgainAsync(SandboxRecord value)
    {
        if (!record.Exists) LogWrittenAgain(id);
        try
        {
            await record.WriteAsync(value);
            _lost = null;
        }
        catch (InconsistentStateException)
        {
            StepDown();
            throw new SandboxUnreachableException();
        }
    }

    [LoggerMessage(LogLevel.Warning, "Another activation owns sandbox {Sandbox}; stepping down.")]
    private partial void LogReplaced(SandboxId sandbox);

    [LoggerMessage(LogLevel.Warning, "The store has lost the record of sandbox {Sandbox}; writing it again.")]
    private partial void LogWrittenAgain(SandboxId sandbox);
}
