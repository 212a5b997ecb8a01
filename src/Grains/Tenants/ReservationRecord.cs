using System.Collections.Immutable;

namespace Podflare.Tenants;

/// <summary>What a tenant had in sandboxes, as far as it was written: a new activation finds those of hosts that do not answer here.</summary>
[GenerateSerializer, Immutable, Alias("podflare.ReservationRecord")]
public sealed record ReservationRecord
{
    [Id(0)] public ImmutableDictionary<string, StoredReservation> Creations { get; init; } = ImmutableDictionary<string, StoredReservation>.Empty;
}

/// <summary>A sandbox, or a create that is under way.</summary>
/// <param name="Sandbox">Null until the sandbox is known.</param>
[GenerateSerializer, Immutable, Alias("podflare.StoredReservation")]
public sealed record StoredReservation([property: Id(0)] string? Sandbox, [property: Id(1)] long MemoryMib);
