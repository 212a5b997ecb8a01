namespace Podflare;

/// <summary>The server's description of a tenant.</summary>
public sealed record TenantInfo
{
    /// <summary>The tenant's ID.</summary>
    public required string Id { get; init; }

    /// <summary>Its name for people.</summary>
    public string Name { get; init => field = value ?? ""; } = "";

    /// <summary>The state of the tenant.</summary>
    public TenantState State { get; init; }

    /// <summary>Its limits as they were set; from <see cref="TenantClient.GetCurrentAsync"/>, as they are in effect.</summary>
    public TenantLimits Limits { get; init => field = value ?? new TenantLimits(); } = new();

    /// <summary>When it was created; null if only the environment of the server names it.</summary>
    public DateTimeOffset? CreatedAt { get; init; }

    /// <summary>What it has in use. Only <see cref="TenantClient.GetCurrentAsync"/> returns it, and only for a tenant that has limits.</summary>
    public TenantUse? InUse { get; init; }
}

/// <summary>What a tenant has in use.</summary>
public sealed record TenantUse
{
    /// <summary>The number of sandboxes.</summary>
    public int Sandboxes { get; init; }

    /// <summary>The number of runs that are being executed, as of a moment ago.</summary>
    public int Running { get; init; }

    /// <summary>The sum of the memory limits of its sandboxes, in MiB.</summary>
    public long MemoryMib { get; init; }
}

internal sealed record TenantPage
{
    public IReadOnlyList<TenantInfo> Tenants { get; init => field = value ?? []; } = [];

    public string? NextCursor { get; init; }
}
