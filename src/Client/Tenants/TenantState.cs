using System.Text.Json.Serialization;

namespace Podflare;

/// <summary>The state of a tenant.</summary>
[JsonConverter(typeof(WireEnumConverter<TenantState>))]
public enum TenantState
{
    /// <summary>A state that this version does not know.</summary>
    Unknown,

    /// <summary>Its keys work.</summary>
    Active,

    /// <summary>Its keys are refused.</summary>
    Suspended,

    /// <summary>It is deleted. Its usage and its audit log remain.</summary>
    Deleted,
}
