using System.Collections.Immutable;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;
using Orleans.Storage;
using Podflare.Audit;
using Podflare.Hosts;
using Podflare.Keys;
using Podflare.Storage;

namespace Podflare.Tenants;

/// <inheritdoc cref="ITenantGrain"/>
/// <remarks>Calls that change something do not interleave. Only the timer runs beside them, so every write takes its turn.</remarks>
[GrainType("tenant"), HostPlacement]
public sealed partial class TenantGrain : Grain, ITenantGrain
{
    /// <summary>Acts that may wait for the audit log; beyond it nothing can be changed.</summary>
    private const int MaxOutbox = 1_000;

    private static readonly TimeSpan WorkInterval = TimeSpan.FromSeconds(1);

    private readonly GrainRecord<TenantRecord> _record;
    private readonly SemaphoreSlim _writing = new(1);
    private readonly TenantId _id;
    private readonly KeyRules _keys;
    private readonly KeyUses _uses;
    private readonly AuditOutbox _outbox;
    private readonly TenantSandboxes _sandboxes;
    private readonly TimeProvider _time;
    private readonly ILogger _logger;
    private IGrainTimer? _work;
    private bool _isAnnounced = true;
    private bool _isBehind;

    public TenantGrain(
        [FromKeyedServices(Stores.Kept)] IGrainStorage kept, IGrainContext context, HostDirectory hosts, IOptions<KeyOptions> options, TimeProvider time, ILogger<TenantGrain> logger)
    {
        _id = new TenantId(context.GrainId.Key.ToString()!);
        _record = new GrainRecord<TenantRecord>(kept, "tenant", context.GrainId, logger);
        (_time, _logger, _keys, _uses) = (time, logger, new KeyRules(options.Value.MaxPerTenant), new KeyUses(time));
        _outbox = new AuditOutbox(() => GrainFactory.GetGrain<IAuditGrain>(_id.Value));
        _sandboxes = new TenantSandboxes(_id, hosts, () => GrainFactory);
    }

    public override async Task OnActivateAsync(CancellationToken cancellationToken)
    {
        await _record.ReadAsync();
        if (!_record.Exists) return;

        // The last activation may have written, and ended before it could tell the registry or the audit log.
        _isAnnounced = false;
        StartWork();
    }

    public Task<TenantSnapshot?> Snapshot() => Task.FromResult(_record.Exists ? _uses.ApplyTo(_record.Value).ToSnapshot(_id) : null);

    public async Task<TenantSnapshot> Create(string name, TenantLimits limits, AuditOrigin origin)
    {
        if (_record.Exists) throw new TenantExistsException(_id);
        await Registry.Add(_id);
        await ChangeAsync(origin, (_, request) => new TenantChange<bool>(TenantRules.Create(request, name, limits), true));
        return _record.Value.ToSnapshot(_id);
    }

    public async Task Ensure(AuditOrigin origin)
    {
        if (!_record.Exists) await Create(_id.Value, TenantLimits.None, origin);
    }

    public async Task<TenantSnapshot> Update(TenantUpdate update, AuditOrigin origin)
    {
        GuardExists();
        await ChangeAsync(origin, (record, request) => new TenantChange<bool>(TenantRules.Update(record, request, update), true));
        return _record.Value.ToSnapshot(_id);
    }

    public Task Delete(AuditOrigin origin)
    {
        GuardExists();
        return ChangeAsync(origin, (record, request) => new TenantChange<bool>(TenantRules.Delete(record, request), true));
    }

    public Task<KeyInfo> CreateKey(NewKey key, AuditOrigin origin)
    {
        GuardExists();
        return ChangeAsync(origin, (record, request) => _keys.Create(record, request, key));
    }

    public Task<KeyInfo> UpdateKey(KeyId id, KeyUpdate update, AuditOrigin origin) =>
        ChangeAsync(origin, (record, request) => KeyRules.Update(record, request, id, update));

    public Task<KeyInfo> RotateKey(KeyId id, NewKey replacement, TimeSpan overlap, AuditOrigin origin) =>
        ChangeAsync(origin, (record, request) => _keys.Rotate(record, request, id, replacement, overlap));

    public Task RevokeKey(KeyId id, AuditOrigin origin) =>
        ChangeAsync(origin, (record, request) => new TenantChange<bool>(KeyRules.Revoke(record, request, id), true));

    public Task Touch(ImmutableDictionary<KeyId, DateTimeOffset> used)
    {
        if (!_record.Exists) return Task.CompletedTask;
        _uses.Add(used);
        StartWork();
        return Task.CompletedTask;
    }

    private ITenantRegistryGrain Registry => GrainFactory.GetGrain<ITenantRegistryGrain>(ITenantRegistryGrain.Key);

    private void GuardExists()
    {
        if (!_record.Exists) throw new TenantNotFoundException();
    }

    private async Task<T> ChangeAsync<T>(AuditOrigin origin, Func<TenantRecord, ChangeRequest, TenantChange<T>> decide)
    {
        var result = await WriteAsync(record =>
        {
            if (record.Outbox.Length >= MaxOutbox) throw new StorageUnavailableException();
            return decide(record, new ChangeRequest(_id, origin, _time.GetUtcNow()));
        });

        // Also when nothing has changed: the call before may have been answered with an error after its write.
        _isAnnounced = false;
        StartWork();
        await AnnounceAsync();
        return result;
    }

    private async Task<T> WriteAsync<T>(Func<TenantRecord, TenantChange<T>> decide)
    {
        await _writing.WaitAsync();
        try
        {
            var change = decide(_record.Value);
            if (ReferenceEquals(change.Record, _record.Value)) return change.Result;
            await _record.WriteAsync(_uses.ApplyTo(change.Record));
            _uses.Clear();
            return change.Result;
        }
        catch (InconsistentStateException)
        {
            // Another activation has written, or the answer to an earlier write was lost: what is stored counts.
            await _record.ReadAsync();
            throw new StorageUnavailableException();
        }
        finally
        {
            _writing.Release();
        }
    }

    private async Task AnnounceAsync()
    {
        await Registry.Notify(_id);
        _isAnnounced = true;
    }

    // Runs while there is something to do, so that a tenant at rest costs nothing.
    private void StartWork() => _work ??= this.RegisterGrainTimer(
        WorkAsync, new GrainTimerCreationOptions { DueTime = TimeSpan.Zero, Period = WorkInterval, Interleave = true, KeepAlive = true });

    private async Task WorkAsync(CancellationToken cancellationToken)
    {
        try
        {
            if (!_isAnnounced) await AnnounceAsync();
            if (_record.Value.EndsSandboxes && await _sandboxes.EndAllAsync(cancellationToken)) await WriteAsync(record => new TenantChange<bool>(record with { EndsSandboxes = false }, true));
            if (_uses.AreDue) await WriteAsync(record => new TenantChange<bool>(_uses.ApplyTo(record), true));
            var delivered = await _outbox.DeliverAsync(_record.Value.Outbox, cancellationToken);
            if (delivered > 0) await WriteAsync(record => new TenantChange<bool>(record with { Outbox = record.Outbox.RemoveRange(0, delivered) }, true));
        }
        catch (Exception e) when (!cancellationToken.IsCancellationRequested)
        {
            if (!_isBehind) LogWorkFailed(e, _id);
            _isBehind = true;
            return;
        }

        _isBehind = false;
        if (!_isAnnounced || _record.Value.EndsSandboxes || !_record.Value.Outbox.IsEmpty || _uses.Any) return;
        _work?.Dispose();
        _work = null;
    }

    [LoggerMessage(LogLevel.Warning, "The registry, the audit log or the sandboxes of tenant {Tenant} could not be brought up to date; trying again each second.")]
    private partial void LogWorkFailed(Exception exception, TenantId tenant);
}
