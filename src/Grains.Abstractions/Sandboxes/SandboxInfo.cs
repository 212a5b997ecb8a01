using System.Collections.Immutable;
using Podflare.Telemetry;
using Podflare.Tenants;

namespace Podflare.Sandboxes;

/// <summary>The state of a sandbox.</summary>
[GenerateSerializer, Alias("podflare.SandboxState")]
public enum SandboxState
{
    /// <summary>It accepts runs.</summary>
    Ready,

    /// <summary>It accepts no new run; its open runs are being ended.</summary>
    Ending,

    /// <summary>Deleted or expired.</summary>
    Ended,

    /// <summary>Its host or container is gone for good.</summary>
    Lost,
}

/// <summary>Why a sandbox ended.</summary>
[GenerateSerializer, Alias("podflare.EndReason")]
public enum EndReason
{
    /// <summary>By <c>DELETE</c>.</summary>
    Deleted,

    /// <summary>Its total lifetime has passed.</summary>
    Expired,

    /// <summary>It had no run for its idle limit.</summary>
    Idle,

    /// <summary>Its container or host is gone.</summary>
    Lost,

    /// <summary>A run obeyed neither its timeout nor the kill that followed.</summary>
    Stuck,

    /// <summary>Its container is gone, because its memory was full and the kernel ended all of it.</summary>
    Oom,
}

/// <summary>A sandbox as lists, filters and <c>GET</c> show it.</summary>
[GenerateSerializer, Immutable, Alias("podflare.SandboxInfo")]
public sealed record SandboxInfo(
    [property: Id(0)] SandboxId Id,
    [property: Id(1)] TenantId Tenant,
    [property: Id(2)] SandboxState State,
    [property: Id(3)] string Template,
    [property: Id(4)] ImmutableSortedDictionary<string, string> Metadata,
    [property: Id(5)] bool Egress,
    [property: Id(6)] DateTimeOffset CreatedAt,
    [property: Id(7)] DateTimeOffset ExpiresAt,
    [property: Id(8)] TimeSpan IdleLimit,
    [property: Id(9)] DateTimeOffset? EndedAt,
    [property: Id(10)] EndReason? EndReason)
{
    /// <summary>The trace that it belongs to.</summary>
    [Id(11)]
    public TraceBinding? Trace { get; init; }

    /// <summary>The create that made it; null where an earlier version reported it.</summary>
    [Id(12)]
    public string? Creation { get; init; }

    /// <summary>The hosts that it may reach; empty if it reaches none by name. <see cref="Egress"/> is then false.</summary>
    [Id(13)]
    public ImmutableArray<string> EgressHosts { get; init; } = [];

    /// <summary>The memory limit of its container, in MiB; 0 where an earlier version made it.</summary>
    [Id(14)]
    public int MemoryMib { get; init; }

    /// <summary>The size of its home, in MiB; 0 where an earlier version made it.</summary>
    [Id(15)]
    public int HomeMib { get; init; }

    /// <summary>The names of the environment variables that it was created with, in ordinal order; values are never shown.</summary>
    [Id(16)]
    public ImmutableArray<string> EnvNames { get; init; } = [];
}
