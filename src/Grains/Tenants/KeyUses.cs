using Podflare.Keys;

namespace Podflare.Tenants;

/// <summary>When the keys of a tenant were last used, until it is stored.</summary>
internal sealed class KeyUses(TimeProvider time)
{
    private static readonly TimeSpan WriteInterval = TimeSpan.FromMinutes(1);

    private readonly Dictionary<KeyId, DateTimeOffset> _used = [];
    private long? _writtenAt;

    public bool Any => _used.Count > 0;

    /// <summary>There are uses to store, and the last ones were stored long enough ago.</summary>
    public bool AreDue => Any && (_writtenAt is not { } at || time.GetElapsedTime(at) >= WriteInterval);

    public void Add(IEnumerable<KeyValuePair<KeyId, DateTimeOffset>> used)
    {
        foreach (var (key, at) in used)
            if (_used.GetValueOrDefault(key) < at) _used[key] = at;
    }

    public TenantRecord ApplyTo(TenantRecord record) => Any ? KeyRules.Touch(record, _used) : record;

    /// <summary>They are stored.</summary>
    public void Clear()
    {
        if (Any) _writtenAt = time.GetTimestamp();
        _used.Clear();
    }
}
