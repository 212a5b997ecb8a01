namespace Podflare;

/// <summary>
/// One event of a run: <see cref="StdoutEvent"/>, <see cref="StderrEvent"/> or <see cref="ExitEvent"/>. Events that a later server may add are
/// skipped, so a switch over these three is complete.
/// </summary>
public abstract record SandboxEvent
{
    private protected SandboxEvent()
    {
    }

    /// <summary>Number of the event in its run: from 1, without gaps. Reading can go on after it.</summary>
    public required long Seq { get; init; }

    /// <summary>When the sandbox saw it, to the millisecond.</summary>
    public required DateTimeOffset At { get; init; }
}

/// <summary>Text that the code wrote to stdout.</summary>
public sealed record StdoutEvent : SandboxEvent
{
    /// <summary>At most one line, its newline included. All texts in order give back exactly what was written.</summary>
    public required string Data { get; init; }
}

/// <summary>Text that the code wrote to stderr.</summary>
public sealed record StderrEvent : SandboxEvent
{
    /// <summary>At most one line, its newline included.</summary>
    public required string Data { get; init; }
}

/// <summary>The end of a run: its last event, exactly once.</summary>
public sealed record ExitEvent : SandboxEvent
{
    /// <summary>0; 1 for an uncaught exception; n for <c>sys.exit(n)</c>; 124 timeout; 130 interrupted; 137 killed, expired or out of memory; 255 lost.</summary>
    public required int Code { get; init; }

    /// <summary>Why, where the code alone does not tell.</summary>
    public ExitReason? Reason { get; init; }

    /// <summary>The uncaught exception, if there was one.</summary>
    public RunError? Error { get; init; }
}

/// <summary>Why a run ended where its exit code alone does not tell. The server never guesses one.</summary>
public enum ExitReason
{
    /// <summary>A reason that this version does not know.</summary>
    Unknown,

    /// <summary>It ran longer than its timeout.</summary>
    Timeout,

    /// <summary>It was interrupted, and its sandbox's state is kept.</summary>
    Interrupted,

    /// <summary>It was killed, with its sandbox or because it did not obey an interrupt.</summary>
    Killed,

    /// <summary>Its sandbox's time was over.</summary>
    Expired,

    /// <summary>It used more memory than its sandbox has.</summary>
    Oom,

    /// <summary>Its process died.</summary>
    Crashed,

    /// <summary>Its sandbox was lost with its host.</summary>
    Lost,
}

/// <summary>An uncaught exception in the sandbox; each part may be absent.</summary>
public sealed record RunError
{
    /// <summary>The exception's type, such as <c>ZeroDivisionError</c>.</summary>
    public string? Name { get; init; }

    /// <summary>The exception's text.</summary>
    public string? Value { get; init; }

    /// <summary>The traceback.</summary>
    public string? Traceback { get; init; }
}

/// <summary>An event as it is kept by its sandbox.</summary>
public sealed record ReplayedEvent
{
    /// <summary>The run that it belongs to.</summary>
    public required string RunId { get; init; }

    /// <summary>The event as it was sent.</summary>
    public required SandboxEvent Event { get; init; }
}
