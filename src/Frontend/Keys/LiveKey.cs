using Podflare.Audit;
using Podflare.Http;
using Podflare.Tenants;

namespace Podflare.Keys;

/// <summary>A key that this server accepts, or has accepted.</summary>
internal sealed class LiveKey(KeyHash hash, TimeProvider time)
{
    private volatile Snapshot? _now;
    private long _usedAt;

    public KeyHash Hash => hash;

    public KeyInfo Info => _now!.Key;

    /// <summary>Whom the key authenticates.</summary>
    public Caller Caller => _now!.Caller;

    public TenantState TenantState => _now!.Tenant;

    /// <summary>When the key was last used, as UTC ticks; 0 when it was not used on this server.</summary>
    public long UsedAt => Interlocked.Read(ref _usedAt);

    public KeyState StateAt(DateTimeOffset now) => Info.StateAt(now);

    public void MarkUsed(DateTimeOffset now) => Interlocked.Exchange(ref _usedAt, now.UtcTicks);

    /// <summary>Takes over what has changed. Streams of the key are aborted when it has ended or its tenant is not active. Not called twice at the same time.</summary>
    public void Update(KeyInfo key, TenantState tenant)
    {
        var source = _now?.Ended is { IsCancellationRequested: false } living ? living : new CancellationTokenSource();
        var caller = new Caller(key.Tenant, key.Id, key.Scopes, AuditActor.Key(key.Id.Value, key.Tenant)) { Ended = source.Token };
        _now = new Snapshot(key, tenant, caller, source);
        AbortIfEnded(time.GetUtcNow());
    }

    /// <summary>Aborts the streams of a key whose time has passed.</summary>
    public void AbortIfEnded(DateTimeOffset now)
    {
        if (_now is { } current && (current.Key.EndedAt(now) is not null || current.Tenant is not TenantState.Active)) current.Ended.Cancel();
    }

    /// <summary>The key is forgotten.</summary>
    public void Abort() => _now?.Ended.Cancel();

    private sealed record Snapshot(KeyInfo Key, TenantState Tenant, Caller Caller, CancellationTokenSource Ended);
}
