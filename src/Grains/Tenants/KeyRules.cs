using System.Collections.Immutable;
using System.Globalization;
using Podflare.Audit;
using Podflare.Keys;

namespace Podflare.Tenants;

/// <summary>What becomes of a tenant's record when its keys are changed. Pure functions.</summary>
/// <param name="maxKeys">Keys that have not ended.</param>
internal sealed class KeyRules(int maxKeys)
{
    /// <summary>Time for which a key that has ended is remembered, so that its callers learn why it is refused.</summary>
    private static readonly TimeSpan Remembered = TimeSpan.FromDays(90);

    /// <exception cref="TenantNotFoundException">The tenant is deleted.</exception>
    /// <exception cref="KeyQuotaExceededException">The tenant has as many keys as it may have.</exception>
    public TenantChange<KeyInfo> Create(TenantRecord record, ChangeRequest request, NewKey key)
    {
        TenantRules.GuardLiving(record);
        if (record.FindKey(key.Id) is { } known) return new(record, known);
        var info = InfoOf(key, request);
        return new(request.Audit(Add(record, new KeyEntry(key.Hash, info), request.Now), AuditAction.KeyCreate, Target(info), Describe(info)), info);
    }

    /// <exception cref="ApiKeyNotFoundException">There is no such key, or it has ended. A key that has ended stays so.</exception>
    public static TenantChange<KeyInfo> Update(TenantRecord record, ChangeRequest request, KeyId id, KeyUpdate update)
    {
        if (record.FindKey(id) is not { } key || key.EndedAt(request.Now) is not null) throw new ApiKeyNotFoundException();
        var changed = key with
        {
            Name = update.Name ?? key.Name,
            Scopes = update.Scopes ?? key.Scopes,
            ExpiresAt = update.ExpiresAt ?? key.ExpiresAt,
        };
        return changed == key ? new(record, key) : new(request.Audit(record.WithKey(changed), AuditAction.KeyUpdate, Target(key), Compare(key, changed)), changed);
    }

    /// <exception cref="ApiKeyNotFoundException">There is no such key, or it has ended.</exception>
    /// <exception cref="KeyQuotaExceededException">The tenant has as many keys as it may have.</exception>
    public TenantChange<KeyInfo> Rotate(TenantRecord record, ChangeRequest request, KeyId id, NewKey replacement, TimeSpan overlap)
    {
        TenantRules.GuardLiving(record);
        if (record.FindKey(replacement.Id) is { } known) return new(record, known);
        if (record.FindKey(id) is not { } old || old.EndedAt(request.Now) is not null) throw new ApiKeyNotFoundException();
        var info = InfoOf(replacement with { Name = old.Name, Scopes = old.Scopes }, request) with { Replaces = id };
        var end = request.Now + overlap;
        var ending = old.ExpiresAt <= end ? old : old with { ExpiresAt = end };
        var changes = Describe(info).Add("replaces", AuditChange.Of(null, id.Value));
        return new(request.Audit(Add(record.WithKey(ending), new KeyEntry(replacement.Hash, info), request.Now), AuditAction.KeyRotate, Target(info), changes), info);
    }

    /// <exception cref="ApiKeyNotFoundException">There is no such key.</exception>
    public static TenantRecord Revoke(TenantRecord record, ChangeRequest request, KeyId id)
    {
        var key = record.FindKey(id) ?? throw new ApiKeyNotFoundException();
        return key.EndedAt(request.Now) is not null ? record : request.Audit(record.WithKey(key with { RevokedAt = request.Now }), AuditAction.KeyRevoke, Target(key));
    }

    /// <summary>When keys were last used. No act of anybody: the version stays.</summary>
    public static TenantRecord Touch(TenantRecord record, IReadOnlyDictionary<KeyId, DateTimeOffset> used) => record with
    {
        Keys = [.. record.Keys.Select(key => used.TryGetValue(key.Info.Id, out var at) && !(key.Info.LastUsedAt >= at) ? key with { Info = key.Info with { LastUsedAt = at } } : key)],
    };

    private TenantRecord Add(TenantRecord record, KeyEntry added, DateTimeOffset now)
    {
        var living = record.Keys.Where(key => key.Info.EndedAt(now) is null).ToArray();
        if (living.Length >= maxKeys) throw new KeyQuotaExceededException(maxKeys);
        var ended = record.Keys
            .Where(key => key.Info.EndedAt(now) is { } at && now - at < Remembered)
            .OrderByDescending(key => key.Info.EndedAt(now))
            .Take(maxKeys);
        return record with { Keys = [.. living, added, .. ended] };
    }

    private static KeyInfo InfoOf(NewKey key, ChangeRequest request) =>
        new(key.Id, request.Tenant, key.Name, key.Scopes, key.Prefix, request.Now, request.Origin.Actor.Id ?? request.Origin.Actor.Type, key.ExpiresAt);

    private static AuditTarget Target(KeyInfo key) => new("key", key.Id.Value);

    private static ImmutableSortedDictionary<string, AuditChange> Describe(KeyInfo key) =>
        Compare(key with { Name = "", Scopes = KeyScopes.None, ExpiresAt = null }, key);

    private static ImmutableSortedDictionary<string, AuditChange> Compare(KeyInfo before, KeyInfo after)
    {
        var changes = ImmutableSortedDictionary.CreateBuilder<string, AuditChange>(StringComparer.Ordinal);
        if (before.Name != after.Name) changes.Add("name", AuditChange.Of(before.Name, after.Name));
        if (before.Scopes != after.Scopes) changes.Add("scopes", AuditChange.Of(before.Scopes.ToNames(), after.Scopes.ToNames()));
        if (before.ExpiresAt != after.ExpiresAt) changes.Add("expires_at", AuditChange.Of(Text(before.ExpiresAt), Text(after.ExpiresAt)));
        return changes.ToImmutable();
    }

    private static string? Text(DateTimeOffset? time) => time?.UtcDateTime.ToString("yyyy-MM-dd'T'HH:mm:ss.fff'Z'", CultureInfo.InvariantCulture);
}
