using System.Collections.Immutable;

namespace Podflare.Sandboxes;

/// <summary>What to change of a sandbox. Null leaves a value as it is.</summary>
/// <param name="Lifetime">From now to the end.</param>
/// <param name="IdleLimit">Time without an open run or file call after which it ends.</param>
/// <param name="Metadata">Pairs to set; a null value removes the pair.</param>
[GenerateSerializer, Immutable, Alias("podflare.SandboxUpdate")]
public sealed record SandboxUpdate(
    [property: Id(0)] TimeSpan? Lifetime = null,
    [property: Id(1)] TimeSpan? IdleLimit = null,
    [property: Id(2)] ImmutableSortedDictionary<string, string?>? Metadata = null);
