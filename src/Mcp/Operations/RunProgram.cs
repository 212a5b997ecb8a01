namespace Podflare.Mcp;

/// <summary>What to run: exactly one of <see cref="Code"/> and <see cref="Command"/>.</summary>
public sealed record RunProgram
{
    /// <summary>Python code.</summary>
    public string? Code { get; init; }

    /// <summary>A command for bash, which runs as a process of its own.</summary>
    public string? Command { get; init; }

    /// <summary>The context of the code; null for the default one.</summary>
    public string? Context { get; init; }

    /// <summary>The working directory of the command.</summary>
    public string? Cwd { get; init; }

    public double TimeoutSeconds { get; init; }

    /// <summary>Calls with the same key join one run; null for none.</summary>
    public string? IdempotencyKey { get; init; }

    public CallTrace? Trace { get; init; }
}

/// <summary>The trace that a call belongs to.</summary>
/// <param name="TraceParent">A valid or invalid <c>traceparent</c>; invalid ones are ignored.</param>
/// <param name="IsToolSpan">Whether the span of <paramref name="TraceParent"/> already describes the call of a tool.</param>
public sealed record CallTrace(string TraceParent, string? TraceState, bool IsToolSpan);
