using System.Collections.Concurrent;
using Podflare.Tenants;

namespace Podflare.Keys;

/// <summary>All keys that this server knows, by their hashes: those of the environment and those of all tenants, also ended ones.</summary>
internal sealed class KeyTable : ITenantObserver
{
    private readonly ConcurrentDictionary<KeyHash, LiveKey> _keys = new();
    private readonly ConcurrentDictionary<KeyId, LiveKey> _byId = new();
    private readonly ConcurrentDictionary<TenantId, KeyHash[]> _byTenant = new();
    private readonly EnvironmentKey[] _environment;
    private readonly TimeProvider _time;

    public KeyTable(AuthenticationSettings settings, TimeProvider time)
    {
        (_environment, _time) = ([.. settings.Keys.All], time);
        foreach (var key in _environment) Set(key.Hash, key.ToInfo(), TenantState.Active);
    }

    /// <summary>Every key, for the work that is done each second.</summary>
    public IEnumerable<LiveKey> All => _keys.Select(static pair => pair.Value);

    public LiveKey? Find(KeyHash hash) => _keys.GetValueOrDefault(hash);

    public LiveKey? Find(KeyId id) => _byId.GetValueOrDefault(id);

    /// <summary>The environment of the server names the tenant, so it needs no record to exist.</summary>
    public bool IsInEnvironment(TenantId tenant) => tenant == TenantId.Default || Array.Exists(_environment, key => key.Tenant == tenant);

    /// <summary>The keys of the environment that belong to a tenant.</summary>
    public IEnumerable<KeyInfo> OfEnvironment(TenantId tenant) => _environment.Where(key => key.Tenant == tenant).Select(key => key.ToInfo());

    public void OnChanged(TenantSnapshot tenant)
    {
        foreach (var key in tenant.Keys) Set(key.Hash, key.Info, tenant.State);
        foreach (var key in _environment.Where(key => key.Tenant == tenant.Id)) Set(key.Hash, key.ToInfo(), tenant.State);
        KeyHash[] now = [.. tenant.Keys.Select(key => key.Hash)];
        foreach (var hash in _byTenant.GetValueOrDefault(tenant.Id, []).Except(now)) Remove(hash);
        _byTenant[tenant.Id] = now;
    }

    private void Set(KeyHash hash, KeyInfo info, TenantState tenant)
    {
        var key = _keys.GetValueOrDefault(hash) ?? new LiveKey(hash, _time);
        key.Update(info, tenant);
        (_keys[hash], _byId[info.Id]) = (key, key);
    }

    private void Remove(KeyHash hash)
    {
        if (!_keys.TryRemove(hash, out var key)) return;
        _byId.TryRemove(key.Info.Id, out _);
        key.Abort();
    }
}
