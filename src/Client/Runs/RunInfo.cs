namespace Podflare;

/// <summary>What the server tells of a run.</summary>
public sealed record RunInfo
{
    /// <summary>The run's id.</summary>
    public required string Id { get; init; }

    /// <summary><c>queued</c>, <c>running</c> or <c>exited</c>.</summary>
    public required string State { get; init; }

    /// <summary><c>python</c> or <c>bash</c>.</summary>
    public string? Language { get; init; }

    /// <summary>Its time limit, in seconds.</summary>
    public double? TimeoutSeconds { get; init; }

    /// <summary>When it was accepted.</summary>
    public DateTimeOffset? CreatedAt { get; init; }

    /// <summary>When its code began; null while it waits.</summary>
    public DateTimeOffset? StartedAt { get; init; }

    /// <summary>When it ended; null before.</summary>
    public DateTimeOffset? EndedAt { get; init; }

    /// <summary>The exit code; null before the end.</summary>
    public int? ExitCode { get; init; }

    /// <summary>Why it ended, as in the exit event; null where the code alone tells.</summary>
    public string? Reason { get; init; }

    /// <summary>The oldest event that is kept.</summary>
    public long? FirstSeq { get; init; }

    /// <summary>The newest event; 0 before the first.</summary>
    public long LastSeq { get; init; }

    /// <summary>The trace that it belongs to, where the server tells it.</summary>
    public string? TraceId { get; init; }

    /// <summary>It found a fresh REPL, because the one before had died.</summary>
    public bool ReplRestarted { get; init; }
}
