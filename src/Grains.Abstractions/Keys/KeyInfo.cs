using Podflare.Tenants;

namespace Podflare.Keys;

/// <summary>The state of a key.</summary>
[GenerateSerializer, Alias("podflare.KeyState")]
public enum KeyState
{
    /// <summary>It works.</summary>
    Active,

    /// <summary>Its time has passed.</summary>
    Expired,

    /// <summary>It was ended before its time.</summary>
    Revoked,
}

/// <summary>A key as the API shows it: never its secret or its hash.</summary>
/// <param name="Prefix">The first 12 characters of the secret.</param>
/// <param name="CreatedBy">The key, or the subject of the token, that created it.</param>
/// <param name="ExpiresAt">Null for a key that does not expire.</param>
/// <param name="LastUsedAt">To about a minute; null when it was never used.</param>
/// <param name="Replaces">The key that this one was rotated from.</param>
[GenerateSerializer, Immutable, Alias("podflare.KeyInfo")]
public sealed record KeyInfo(
    [property: Id(0)] KeyId Id,
    [property: Id(1)] TenantId Tenant,
    [property: Id(2)] string Name,
    [property: Id(3)] KeyScopes Scopes,
    [property: Id(4)] string Prefix,
    [property: Id(5)] DateTimeOffset CreatedAt,
    [property: Id(6)] string CreatedBy,
    [property: Id(7)] DateTimeOffset? ExpiresAt = null,
    [property: Id(8)] DateTimeOffset? RevokedAt = null,
    [property: Id(9)] DateTimeOffset? LastUsedAt = null,
    [property: Id(10)] KeyId? Replaces = null)
{
    public KeyState StateAt(DateTimeOffset now) => RevokedAt is not null ? KeyState.Revoked : ExpiresAt <= now ? KeyState.Expired : KeyState.Active;

    /// <summary>When the key ended; null while it works.</summary>
    public DateTimeOffset? EndedAt(DateTimeOffset now) => RevokedAt ?? (ExpiresAt <= now ? ExpiresAt : null);
}

/// <summary>A key as processes hold it to recognize its secret.</summary>
[GenerateSerializer, Immutable, Alias("podflare.KeyEntry")]
public sealed record KeyEntry([property: Id(0)] KeyHash Hash, [property: Id(1)] KeyInfo Info);

/// <summary>A key to be added. The frontend draws id and secret, so that the secret does not leave it.</summary>
[GenerateSerializer, Immutable, Alias("podflare.NewKey")]
public sealed record NewKey(
    [property: Id(0)] KeyId Id,
    [property: Id(1)] KeyHash Hash,
    [property: Id(2)] string Prefix,
    [property: Id(3)] string Name,
    [property: Id(4)] KeyScopes Scopes,
    [property: Id(5)] DateTimeOffset? ExpiresAt);

/// <summary>What to change of a key. Null leaves a value as it is.</summary>
[GenerateSerializer, Immutable, Alias("podflare.KeyUpdate")]
public sealed record KeyUpdate(
    [property: Id(0)] string? Name = null,
    [property: Id(1)] KeyScopes? Scopes = null,
    [property: Id(2)] DateTimeOffset? ExpiresAt = null);
