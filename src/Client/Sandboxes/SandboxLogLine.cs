namespace Podflare;

/// <summary>A line of the service's log about a sandbox.</summary>
public record SandboxLogLine
{
    /// <summary>When it was written.</summary>
    public DateTimeOffset Ts { get; init; }

    /// <summary><c>info</c>, <c>warn</c>, <c>error</c> or <c>critical</c>.</summary>
    public string Level { get; init => field = value ?? ""; } = "";

    /// <summary>What happened.</summary>
    public string Message { get; init => field = value ?? ""; } = "";

    /// <summary><c>worker</c> or <c>frontend</c>.</summary>
    public string Source { get; init => field = value ?? ""; } = "";

    /// <summary>The run that the line names.</summary>
    public string? RunId { get; init; }

    /// <summary>The trace that it belongs to.</summary>
    public string? TraceId { get; init; }
}

internal sealed record SandboxLogPage(IReadOnlyList<SandboxLogLine> Logs, long NextAfter);
