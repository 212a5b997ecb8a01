using Podflare.Runs;

namespace Podflare.GrainClient;

/// <summary>An event of a run, such as <see cref="StdoutEvent"/> or <see cref="ExitEvent"/>. Later versions may add types.</summary>
/// <param name="Seq">From 1, without gaps. Reading can continue after it.</param>
/// <param name="At">When the sandbox saw it, to the millisecond.</param>
public abstract record RunEvent(long Seq, DateTimeOffset At);

/// <summary>Text that the code wrote to stdout: at most one line, its newline included.</summary>
public sealed record StdoutEvent(long Seq, DateTimeOffset At, string Data) : RunEvent(Seq, At)
{
    /// <summary>The exact bytes of a run with binary output; otherwise null.</summary>
    public byte[]? Bytes { get; init; }
}

/// <summary>Text that the code wrote to stderr: at most one line, its newline included.</summary>
public sealed record StderrEvent(long Seq, DateTimeOffset At, string Data) : RunEvent(Seq, At)
{
    /// <summary>The exact bytes of a run with binary output; otherwise null.</summary>
    public byte[]? Bytes { get; init; }
}

/// <summary>The end of a run: its last event, exactly once.</summary>
/// <param name="Code">0; 1 for an uncaught exception; n for <c>sys.exit(n)</c>; bash's own code; 124, 130, 137 or 255 as <paramref name="Reason"/> tells.</param>
/// <param name="Reason">Why, where the code alone does not tell.</param>
/// <param name="Error">The uncaught exception of a Python run.</param>
public sealed record ExitEvent(long Seq, DateTimeOffset At, int Code, ExitReason? Reason, RunError? Error) : RunEvent(Seq, At)
{
    /// <summary>The signal that ended the process, such as <c>SIGTERM</c>; null if no signal did.</summary>
    public string? Signal { get; init; }

    /// <summary>This end destroyed the variables of the context.</summary>
    public bool StateLost { get; init; }
}

/// <summary>An uncaught exception.</summary>
public sealed record RunError(string Name, string Value, string Traceback);

/// <summary>What a run wrote and how it ended.</summary>
public sealed record RunResult(RunId Run, string Stdout, string Stderr, ExitEvent Exit)
{
    /// <summary>What Python code displayed.</summary>
    public IReadOnlyList<ResultEvent> Results { get; init; } = [];
}
