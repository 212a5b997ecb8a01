using System.Text.Json.Serialization;

namespace Podflare;

/// <summary>What a tenant does now, and did in the last hour.</summary>
public sealed record Overview
{
    /// <summary>False while a host does not answer: its part is missing.</summary>
    public bool Complete { get; init; }

    /// <summary>The sandboxes that live now.</summary>
    public required OverviewSandboxes Sandboxes { get; init; }

    /// <summary>The runs that have not ended.</summary>
    public required OverviewRuns Runs { get; init; }

    /// <summary>60 minutes, the oldest first.</summary>
    public required IReadOnlyList<OverviewMinute> Minutes { get; init; }
}

/// <summary>The sandboxes that live now.</summary>
public sealed record OverviewSandboxes
{
    /// <summary>Their number.</summary>
    public int Running { get; init; }

    /// <summary>Their number by template.</summary>
    public IReadOnlyDictionary<string, int> ByTemplate { get; init => field = value ?? new Dictionary<string, int>(); } = new Dictionary<string, int>();
}

/// <summary>The runs that have not ended.</summary>
public sealed record OverviewRuns
{
    /// <summary>The number of runs that execute.</summary>
    public int Active { get; init; }

    /// <summary>The number of runs that wait for their turn.</summary>
    public int Queued { get; init; }
}

/// <summary>What a tenant did within one minute.</summary>
public sealed record OverviewMinute
{
    /// <summary>The beginning of the minute, in Unix milliseconds.</summary>
    [JsonPropertyName("ts")]
    public long UnixMilliseconds { get; init; }

    /// <summary>The number of sandboxes that were created.</summary>
    public int Creates { get; init; }

    /// <summary>The number of runs of code and processes that ended.</summary>
    public int Runs { get; init; }

    /// <summary>The number of those runs whose exit code was not 0.</summary>
    public int Errors { get; init; }

    /// <summary>How long creates took on their host; null if there were none.</summary>
    public OverviewTimes? CreateMs { get; init; }

    /// <summary>How long runs took, from acceptance to exit; null if there were none.</summary>
    public OverviewTimes? RunMs { get; init; }
}

/// <summary>Times in milliseconds, right within a sixth.</summary>
public sealed record OverviewTimes
{
    /// <summary>The median.</summary>
    public double P50 { get; init; }

    /// <summary>The time that 95 of 100 do not exceed.</summary>
    public double P95 { get; init; }
}
