using System.Collections.Immutable;
using Podflare.Keys;

namespace Podflare.Tenants;

/// <summary>A tenant as every process knows it.</summary>
/// <param name="Limits">As an administrator set them; null limits take the server's defaults.</param>
/// <param name="Keys">Also keys that have ended in the last 90 days.</param>
/// <param name="Version">Grows with every change.</param>
[GenerateSerializer, Immutable, Alias("podflare.TenantSnapshot")]
public sealed record TenantSnapshot(
    [property: Id(0)] TenantId Id,
    [property: Id(1)] string Name,
    [property: Id(2)] TenantState State,
    [property: Id(3)] TenantLimits Limits,
    [property: Id(4)] ImmutableArray<KeyEntry> Keys,
    [property: Id(5)] long Version,
    [property: Id(6)] DateTimeOffset CreatedAt);
