using System.Collections.Immutable;

namespace Podflare.Hosts;

/// <summary>What is stored of a host: enough to declare its sandboxes lost when it never comes back.</summary>
[GenerateSerializer, Immutable, Alias("podflare.HostRecord")]
public sealed record HostRecord
{
    // Id 0 is taken: records of version 1 have a time there.

    /// <summary>Sandbox id to tenant.</summary>
    [Id(1)] public ImmutableDictionary<string, string> Sandboxes { get; init; } = ImmutableDictionary<string, string>.Empty;

    [Id(2)] public HostMode Mode { get; init; }
}
