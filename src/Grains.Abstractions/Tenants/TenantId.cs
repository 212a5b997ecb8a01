using System.Diagnostics.CodeAnalysis;

namespace Podflare.Tenants;

/// <summary>The id of a tenant, which owns sandboxes: 1 to 64 ASCII letters, digits, <c>-</c>, <c>_</c> or <c>.</c>. A tenant never learns that another tenant's sandbox exists.</summary>
[GenerateSerializer, Immutable, Alias("podflare.TenantId")]
public readonly record struct TenantId([property: Id(0)] string Value) : IParsable<TenantId>
{
    private const int MaxLength = 64;

    /// <summary>The tenant of development mode and of keys that name none.</summary>
    public static readonly TenantId Default = new("default");

    public static bool TryParse([NotNullWhen(true)] string? s, IFormatProvider? provider, out TenantId result)
    {
        result = default;
        if (s is not { Length: > 0 and <= MaxLength } || !s.All(static c => char.IsAsciiLetterOrDigit(c) || c is '-' or '_' or '.')) return false;
        result = new TenantId(s);
        return true;
    }

    public static TenantId Parse(string s, IFormatProvider? provider = null) =>
        TryParse(s, provider, out var id) ? id : throw new FormatException("A tenant id is 1 to 64 ASCII letters, digits, '-', '_' or '.'.");

    public override string ToString() => Value;
}
