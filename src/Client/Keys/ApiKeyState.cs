using System.Text.Json.Serialization;

namespace Podflare;

/// <summary>The state of an API key.</summary>
[JsonConverter(typeof(WireEnumConverter<ApiKeyState>))]
public enum ApiKeyState
{
    /// <summary>A state that this version does not know.</summary>
    Unknown,

    /// <summary>The server accepts it.</summary>
    Active,

    /// <summary>Its time is over.</summary>
    Expired,

    /// <summary>It was revoked.</summary>
    Revoked,
}
