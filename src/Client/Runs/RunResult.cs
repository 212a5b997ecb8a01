namespace Podflare;

/// <summary>A run that has ended.</summary>
public sealed record RunResult
{
    /// <summary>The run's id.</summary>
    public required string RunId { get; init; }

    /// <summary>All that the code wrote to stdout.</summary>
    public required string Stdout { get; init; }

    /// <summary>All that the code wrote to stderr.</summary>
    public required string Stderr { get; init; }

    /// <summary>The exit code; see <see cref="ExitEvent.Code"/>.</summary>
    public required int ExitCode { get; init; }

    /// <summary>Why, where the exit code alone does not tell.</summary>
    public ExitReason? Reason { get; init; }

    /// <summary>The uncaught exception, if there was one.</summary>
    public RunError? Error { get; init; }

    /// <summary>The trace that the run belongs to, 32 hex digits, where the server tells it.</summary>
    public string? TraceId { get; init; }

    /// <summary>Output was dropped because there was more than <see cref="PodflareClientOptions.MaxResultCharacters"/>.</summary>
    public bool Truncated { get; init; }

    /// <summary>Whether the exit code is 0.</summary>
    public bool Succeeded => ExitCode == 0;
}
