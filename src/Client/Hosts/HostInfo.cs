namespace Podflare;

/// <summary>A host of the cluster. A host that is away has only <see cref="Id"/>, <see cref="State"/> and <see cref="LastSeen"/>.</summary>
public sealed record HostInfo
{
    /// <summary>The ID: 8 hex digits.</summary>
    public required string Id { get; init; }

    /// <summary>The state: <c>ready</c>, <c>starting</c>, <c>cordoned</c>, <c>draining</c>, <c>unwell</c> or <c>away</c>. Later versions may add others.</summary>
    public required string State { get; init; }

    /// <summary>The name of the machine.</summary>
    public string? Name { get; init; }

    /// <summary>Why the host is unwell.</summary>
    public string? Problem { get; init; }

    /// <summary>The number of its sandboxes.</summary>
    public int? Sandboxes { get; init; }

    /// <summary>The most sandboxes that it accepts.</summary>
    public int? Slots { get; init; }

    /// <summary>The number of creates that wait for room.</summary>
    public int? Waiting { get; init; }

    /// <summary>The part of its memory that is promised to sandboxes, from 0 to 1.</summary>
    public double? MemoryUsed { get; init; }

    /// <summary>Its ready containers.</summary>
    public IReadOnlyList<HostPool> Pools { get; init => field = value ?? []; } = [];

    /// <summary>The version of its worker.</summary>
    public string? Version { get; init; }

    /// <summary>When it last answered the server that was asked.</summary>
    public DateTimeOffset? LastSeen { get; init; }
}

/// <summary>The ready containers of one template on a host.</summary>
public sealed record HostPool
{
    /// <summary>The template.</summary>
    public required string Template { get; init; }

    /// <summary>The number of containers that wait.</summary>
    public int Parked { get; init; }

    /// <summary>The number that the host keeps without any demand; null if it does not report it.</summary>
    public int? Min { get; init; }

    /// <summary>The most that the host keeps; null if it does not report it.</summary>
    public int? Max { get; init; }
}

internal sealed record HostList
{
    public IReadOnlyList<HostInfo> Hosts { get; init => field = value ?? []; } = [];
}
