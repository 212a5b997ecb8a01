namespace Podflare.Tenants;

/// <summary>Who owns a sandbox. A tenant never learns that another tenant's sandbox exists.</summary>
[GenerateSerializer, Immutable, Alias("podflare.TenantId")]
public readonly record struct TenantId([property: Id(0)] string Value)
{
    /// <summary>The tenant of development mode and of keys that name none.</summary>
    public static readonly TenantId Default = new("default");

    public override string ToString() => Value;
}
