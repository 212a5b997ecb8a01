using Podflare.Runs;

namespace Podflare.GrainClient;

/// <summary>An event of a run: <see cref="StdoutEvent"/>, <see cref="StderrEvent"/> or <see cref="ExitEvent"/>.</summary>
/// <param name="Seq">From 1, without gaps; reading can go on after it.</param>
/// <param name="At">When the sandbox saw it, to the millisecond.</param>
public abstract record RunEvent(long Seq, DateTimeOffset At);

/// <summary>Text that the code wrote to stdout: at most one line, its newline included.</summary>
public sealed record StdoutEvent(long Seq, DateTimeOffset At, string Data) : RunEvent(Seq, At);

/// <summary>Text that the code wrote to stderr: at most one line, its newline included.</summary>
public sealed record StderrEvent(long Seq, DateTimeOffset At, string Data) : RunEvent(Seq, At);

/// <summary>The end of a run: its last event, exactly once.</summary>
/// <param name="Code">0; 1 for an uncaught exception; n for <c>sys.exit(n)</c>; bash's own code; 124, 130, 137 or 255 as <paramref name="Reason"/> tells.</param>
/// <param name="Reason">Why, where the code alone does not tell.</param>
/// <param name="Error">The uncaught exception of a Python run.</param>
public sealed record ExitEvent(long Seq, DateTimeOffset At, int Code, ExitReason? Reason, RunError? Error) : RunEvent(Seq, At);

/// <summary>An uncaught exception.</summary>
public sealed record RunError(string Name, string Value, string Traceback);

/// <summary>What a run wrote and how it ended.</summary>
public sealed record RunResult(RunId Run, string Stdout, string Stderr, ExitEvent Exit);
