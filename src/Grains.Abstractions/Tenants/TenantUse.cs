namespace Podflare.Tenants;

/// <summary>What a tenant has in sandboxes.</summary>
/// <param name="Sandboxes">Sandboxes that exist or are being created.</param>
/// <param name="MemoryMib">Sum of their memory limits, in MiB.</param>
[GenerateSerializer, Immutable, Alias("podflare.TenantUse")]
public sealed record TenantUse([property: Id(0)] int Sandboxes, [property: Id(1)] long MemoryMib);
