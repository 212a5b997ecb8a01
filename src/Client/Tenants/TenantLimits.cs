namespace Podflare;

/// <summary>The limits of a tenant. A limit that is null is not set: the server's default applies.</summary>
public sealed record TenantLimits
{
    /// <summary>Requests in a second, on average.</summary>
    public double? RequestsPerSecond { get; init; }

    /// <summary>Requests that may arrive at once.</summary>
    public double? RequestBurst { get; init; }

    /// <summary>Creates of sandboxes in a second, on average.</summary>
    public double? CreatesPerSecond { get; init; }

    /// <summary>Creates of sandboxes that may arrive at once.</summary>
    public double? CreateBurst { get; init; }

    /// <summary>Sandboxes at a time.</summary>
    public int? Sandboxes { get; init; }

    /// <summary>The sum of the memory limits of the sandboxes, in MiB.</summary>
    public long? MemoryMib { get; init; }

    /// <summary>Runs that are executed at the same time.</summary>
    public int? Running { get; init; }

    /// <summary>The longest lifetime of a sandbox, in seconds.</summary>
    public double? LifetimeSeconds { get; init; }

    /// <summary>The longest idle timeout of a sandbox, in seconds.</summary>
    public double? IdleSeconds { get; init; }

    /// <summary>Bytes of stored events. Beyond them, the oldest ended runs lose their events.</summary>
    public long? OutputBytes { get; init; }

    /// <summary>The largest file that can be uploaded, in bytes.</summary>
    public long? FileBytes { get; init; }

    /// <summary>Transfers of files at the same time.</summary>
    public int? Transfers { get; init; }

    /// <summary>Requests with a body of more than 1 MiB at the same time.</summary>
    public int? LargeBodies { get; init; }

    /// <summary>The only hosts that sandboxes can reach; null: as the server allows.</summary>
    public IReadOnlyList<string>? EgressHosts { get; init; }
}
