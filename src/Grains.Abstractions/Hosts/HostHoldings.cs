using System.Collections.Immutable;
using Podflare.Sandboxes;

namespace Podflare.Hosts;

/// <summary>A sandbox of a tenant on one host, or a container that is claimed for one.</summary>
/// <param name="Sandbox">Null while a claim waits for its container.</param>
/// <param name="Creation">The create that it belongs to; null for a sandbox that an earlier version created.</param>
/// <param name="MemoryMib">Its memory limit, in MiB.</param>
[GenerateSerializer, Immutable, Alias("podflare.HostHolding")]
public sealed record HostHolding([property: Id(0)] SandboxId? Sandbox, [property: Id(1)] string? Creation, [property: Id(2)] long MemoryMib);

/// <summary>What one host has of a tenant.</summary>
/// <param name="Holdings">Sandboxes and claims of the tenant.</param>
/// <param name="Unidentified">Sandboxes whose tenant the host does not know yet, because they could not be adopted so far.</param>
[GenerateSerializer, Immutable, Alias("podflare.HostHoldings")]
public sealed record HostHoldings([property: Id(0)] ImmutableArray<HostHolding> Holdings, [property: Id(1)] ImmutableArray<SandboxId> Unidentified);
