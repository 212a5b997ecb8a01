using System.Text.Json.Serialization;

namespace Podflare;

/// <summary>The server's description of an API key. It does not have the secret.</summary>
public record ApiKeyInfo
{
    /// <summary>The key's ID: <c>key_</c> and 24 hex digits, or <c>env_</c> and 8 for a key of the server's environment.</summary>
    public required string Id { get; init; }

    /// <summary>What the key is for.</summary>
    public string Name { get; init => field = value ?? ""; } = "";

    /// <summary>The ID of the tenant that the key belongs to.</summary>
    public string Tenant { get; init => field = value ?? ""; } = "";

    /// <summary>What the key allows; see <see cref="ApiKeyScopes"/>.</summary>
    public IReadOnlyList<string> Scopes { get; init => field = value ?? []; } = [];

    /// <summary>The first 12 characters of the secret; null for a key of the server's environment.</summary>
    public string? Prefix { get; init; }

    /// <summary>The state of the key.</summary>
    public ApiKeyState State { get; init; }

    /// <summary>When it was created; null for a key of the server's environment.</summary>
    public DateTimeOffset? CreatedAt { get; init; }

    /// <summary>The ID of the key that created it.</summary>
    public string? CreatedBy { get; init; }

    /// <summary>When it expires; null if it does not.</summary>
    public DateTimeOffset? ExpiresAt { get; init; }

    /// <summary>When it was last used, accurate to about a minute.</summary>
    public DateTimeOffset? LastUsedAt { get; init; }

    /// <summary>The ID of the key that this one was rotated from.</summary>
    public string? Replaces { get; init; }
}

/// <summary>A new API key with its secret, which the server shows only once.</summary>
public sealed record NewApiKey : ApiKeyInfo
{
    /// <summary>The key as a client sends it. <see cref="ToString"/> does not contain it.</summary>
    [JsonPropertyName("key")]
    public required string Secret { get; init; }

    /// <summary>The ID and the name, without the secret.</summary>
    public override string ToString() => $"{nameof(NewApiKey)} {{ {nameof(Id)} = {Id}, {nameof(Name)} = {Name} }}";
}

internal sealed record KeyPage
{
    public IReadOnlyList<ApiKeyInfo> Keys { get; init => field = value ?? []; } = [];

    public string? NextCursor { get; init; }
}
