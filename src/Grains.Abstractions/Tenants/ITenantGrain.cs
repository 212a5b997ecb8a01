using System.Collections.Immutable;
using Orleans.Concurrency;
using Podflare.Audit;
using Podflare.Keys;

namespace Podflare.Tenants;

/// <summary>
/// One tenant: its state, limits and API keys. Key: the tenant id. A change is complete when the call returns: it is stored, with its entry
/// for the audit log, and the registry knows of it. Every change is safe to repeat.
/// </summary>
[Alias("podflare.ITenantGrain")]
public interface ITenantGrain : IGrainWithStringKey
{
    /// <summary>The tenant, or null when nobody has created it.</summary>
    [AlwaysInterleave, Alias("Snapshot")]
    Task<TenantSnapshot?> Snapshot();

    /// <summary>Creates the tenant.</summary>
    /// <exception cref="TenantExistsException">It exists, or existed.</exception>
    [Alias("Create")]
    Task<TenantSnapshot> Create(string name, TenantLimits limits, AuditOrigin origin);

    /// <summary>Creates the tenant if it does not exist. For tenants that the environment of the server names.</summary>
    [Alias("Ensure")]
    Task Ensure(AuditOrigin origin);

    /// <exception cref="TenantNotFoundException">It does not exist, or is deleted.</exception>
    /// <exception cref="TenantChangedException">It has another version than expected.</exception>
    [Alias("Update")]
    Task<TenantSnapshot> Update(TenantUpdate update, AuditOrigin origin);

    /// <summary>Ends its keys now and its sandboxes shortly after.</summary>
    /// <exception cref="TenantNotFoundException">It does not exist.</exception>
    [Alias("Delete")]
    Task Delete(AuditOrigin origin);

    /// <summary>Adds a key. A repeat with the same id returns the same key.</summary>
    /// <exception cref="TenantNotFoundException">The tenant does not exist, or is deleted.</exception>
    /// <exception cref="KeyQuotaExceededException">The tenant has as many keys as it may have.</exception>
    [Alias("CreateKey")]
    Task<KeyInfo> CreateKey(NewKey key, AuditOrigin origin);

    /// <exception cref="ApiKeyNotFoundException">The tenant has no such key.</exception>
    [Alias("UpdateKey")]
    Task<KeyInfo> UpdateKey(KeyId id, KeyUpdate update, AuditOrigin origin);

    /// <summary>Adds a key with the same name, rights and expiry, and lets the old one expire.</summary>
    /// <param name="replacement">Its name and scopes are not read.</param>
    /// <param name="overlap">Time after which the old key expires, if it does not expire earlier.</param>
    /// <exception cref="ApiKeyNotFoundException">The tenant has no such key, or it has ended.</exception>
    /// <exception cref="KeyQuotaExceededException">The tenant has as many keys as it may have.</exception>
    [Alias("RotateKey")]
    Task<KeyInfo> RotateKey(KeyId id, NewKey replacement, TimeSpan overlap, AuditOrigin origin);

    /// <summary>Ends a key. A key that has ended already stays as it is, and the registry is told again.</summary>
    /// <exception cref="ApiKeyNotFoundException">The tenant has no such key.</exception>
    [Alias("RevokeKey")]
    Task RevokeKey(KeyId id, AuditOrigin origin);

    /// <summary>Records when keys were last used. Written at most once per minute.</summary>
    [AlwaysInterleave, Alias("Touch")]
    Task Touch(ImmutableDictionary<KeyId, DateTimeOffset> used);
}
