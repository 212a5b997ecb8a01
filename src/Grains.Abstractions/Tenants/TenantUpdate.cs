using System.Collections.Immutable;

namespace Podflare.Tenants;

/// <summary>What to change of a tenant. Null leaves a value as it is.</summary>
/// <param name="Limits">The whole new set of limits.</param>
/// <param name="State"><see cref="TenantState.Active"/> or <see cref="TenantState.Suspended"/>.</param>
/// <param name="EndSandboxes">Ends all its sandboxes, shortly after the call.</param>
/// <param name="ExpectedVersion">The version of the tenant that the change was made for; null for any.</param>
[GenerateSerializer, Immutable, Alias("podflare.TenantUpdate")]
public sealed record TenantUpdate(
    [property: Id(0)] string? Name = null,
    [property: Id(1)] TenantLimits? Limits = null,
    [property: Id(2)] TenantState? State = null,
    [property: Id(3)] bool EndSandboxes = false,
    [property: Id(4)] long? ExpectedVersion = null);

/// <summary>Which tenants have changed.</summary>
/// <param name="Epoch">Of the registry's memory. With another one than the caller has, <paramref name="Tenants"/> are all tenants.</param>
/// <param name="Counter">To be given as <c>after</c> next time.</param>
[GenerateSerializer, Immutable, Alias("podflare.TenantChanges")]
public sealed record TenantChanges(
    [property: Id(0)] Guid Epoch,
    [property: Id(1)] long Counter,
    [property: Id(2)] ImmutableArray<TenantId> Tenants);
