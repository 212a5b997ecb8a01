using System.Collections.Immutable;

namespace Podflare.Tenants;

/// <summary>How much a tenant may use. A null limit takes the server's default, <c>Podflare:Tenants:Limits</c>.</summary>
[GenerateSerializer, Immutable, Alias("podflare.TenantLimits")]
public sealed record TenantLimits
{
    /// <summary>No limit of its own.</summary>
    public static readonly TenantLimits None = new();

    /// <summary>Requests per second, over all frontends.</summary>
    [Id(0)] public double? RequestsPerSecond { get; init; }

    /// <summary>Requests that may be made at once after a pause.</summary>
    [Id(1)] public int? RequestBurst { get; init; }

    /// <summary>Sandboxes that may be created per second.</summary>
    [Id(2)] public double? CreatesPerSecond { get; init; }

    /// <summary>Sandboxes that may be created at once after a pause.</summary>
    [Id(3)] public int? CreateBurst { get; init; }

    /// <summary>Sandboxes that may exist at the same time.</summary>
    [Id(4)] public int? Sandboxes { get; init; }

    /// <summary>Sum of the memory limits of its sandboxes, in MiB.</summary>
    [Id(5)] public long? MemoryMib { get; init; }

    /// <summary>Runs that may execute at the same time.</summary>
    [Id(6)] public int? Running { get; init; }

    /// <summary>Longest lifetime of a sandbox, in seconds.</summary>
    [Id(7)] public double? LifetimeSeconds { get; init; }

    /// <summary>Longest time that a sandbox may be idle, in seconds.</summary>
    [Id(8)] public double? IdleSeconds { get; init; }

    /// <summary>Stored events of its runs, in bytes.</summary>
    [Id(9)] public long? OutputBytes { get; init; }

    /// <summary>Size of one file that is uploaded, in bytes.</summary>
    [Id(10)] public long? FileBytes { get; init; }

    /// <summary>Files that may be transferred at the same time.</summary>
    [Id(11)] public int? Transfers { get; init; }

    /// <summary>Request bodies over 1 MiB that may be in transfer at the same time.</summary>
    [Id(12)] public int? LargeBodies { get; init; }

    /// <summary>Host names that its sandboxes may connect to; null for what the server offers.</summary>
    [Id(13)] public ImmutableArray<string>? EgressHosts { get; init; }
}
