using System.Text.Json.Serialization;
using Podflare.Http;

namespace Podflare.Keys;

/// <summary>The JSON representation of a key.</summary>
internal sealed record KeyJson(
    string Id,
    [property: JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)] string? Key,
    string Name,
    string Tenant,
    IReadOnlyList<string> Scopes,
    string? Prefix,
    string State,
    string? CreatedAt,
    string CreatedBy,
    string? ExpiresAt,
    string? LastUsedAt,
    string? Replaces)
{
    /// <param name="secret">Shown once, in the answer to the request that made the key.</param>
    public static KeyJson Of(KeyInfo key, DateTimeOffset now, string? secret = null) => new(
        key.Id.Value,
        secret,
        key.Name,
        key.Tenant.Value,
        key.Scopes.ToNames(),
        key.Prefix.Length > 0 ? key.Prefix : null,
        key.StateAt(now).ToString().ToLowerInvariant(),
        key.Id.IsFromEnvironment ? null : Timestamps.ToRfc3339(key.CreatedAt),
        key.CreatedBy,
        Text(key.ExpiresAt),
        Text(key.LastUsedAt),
        key.Replaces?.Value);

    private static string? Text(DateTimeOffset? time) => time is { } at ? Timestamps.ToRfc3339(at) : null;
}

/// <summary>One page of the list of keys.</summary>
internal sealed record KeyPageJson(IReadOnlyList<KeyJson> Keys, string? NextCursor);

[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.SnakeCaseLower)]
[JsonSerializable(typeof(KeyJson))]
[JsonSerializable(typeof(KeyPageJson))]
internal sealed partial class KeyJsonContext : JsonSerializerContext;
