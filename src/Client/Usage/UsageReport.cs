using System.Text.Json.Serialization;

namespace Podflare;

/// <summary>What was used in a range of days.</summary>
public sealed record UsageReport
{
    /// <summary>The first day, in UTC.</summary>
    [JsonPropertyName("from")]
    public required DateOnly FirstDay { get; init; }

    /// <summary>The last day, which is included.</summary>
    [JsonPropertyName("to")]
    public required DateOnly LastDay { get; init; }

    /// <summary>One row per group, in the order of days, tenants and keys.</summary>
    public IReadOnlyList<UsageRow> Rows { get; init => field = value ?? []; } = [];

    /// <summary>The sum of all rows.</summary>
    public required UsageRow Total { get; init; }

    /// <summary>When the report was made. What living sandboxes have used since may be missing, at most a minute.</summary>
    public DateTimeOffset? AsOf { get; init; }
}

/// <summary>What one group has used. What rows are not grouped by is null.</summary>
public sealed record UsageRow
{
    /// <summary>The day, in UTC.</summary>
    public DateOnly? Day { get; init; }

    /// <summary>The ID of the tenant.</summary>
    public string? Tenant { get; init; }

    /// <summary>The ID of the API key; null also for callers without a key.</summary>
    public string? Key { get; init; }

    /// <summary>The name of the API key; null if it is not known any more.</summary>
    public string? KeyName { get; init; }

    /// <summary>Sandboxes that were created.</summary>
    public long Sandboxes { get; init; }

    /// <summary>How long sandboxes lived, in seconds.</summary>
    public decimal SandboxSeconds { get; init; }

    /// <summary>CPU time of the processes of sandboxes, in seconds.</summary>
    public decimal CpuSeconds { get; init; }

    /// <summary>Memory limit times lifetime, in GiB × s.</summary>
    public decimal MemoryGibSeconds { get; init; }

    /// <summary>Runs that ended.</summary>
    public long Runs { get; init; }

    /// <summary>Bytes of the events of those runs.</summary>
    public long BytesOut { get; init; }
}
