using System.Text.Json.Serialization;

namespace Podflare;

/// <summary>
/// One event of a run, such as <see cref="StdoutEvent"/>, <see cref="StderrEvent"/>, <see cref="ResultEvent"/> or <see cref="ExitEvent"/>. Event
/// types that this version does not know are skipped. Later versions may add types, so a switch needs a default arm.
/// </summary>
/// <example>
/// <code>
/// var text = e switch
/// {
///     StdoutEvent stdout => stdout.Data,
///     StderrEvent stderr => stderr.Data,
///     ExitEvent exit => $"exit code {exit.Code}",
///     _ => "",
/// };
/// </code>
/// </example>
public abstract record SandboxEvent
{
    private protected SandboxEvent()
    {
    }

    /// <summary>The number of the event in its run: from 1, without gaps. Reading can resume after it.</summary>
    public required long Seq { get; init; }

    /// <summary>When the sandbox read the output, to the millisecond.</summary>
    public required DateTimeOffset At { get; init; }
}

/// <summary>Text that the code wrote to stdout.</summary>
public sealed record StdoutEvent : SandboxEvent
{
    /// <summary>At most one line, including its line break. All texts in order are exactly what the code wrote.</summary>
    public required string Data { get; init; }

    /// <summary>The exact bytes, if the run has <see cref="OutputOptions.Binary"/>: of any length, not cut into lines. Otherwise null.</summary>
    public byte[]? Bytes { get; init; }

    /// <summary>In the background output: the run whose code wrote it, if it is known.</summary>
    public string? FromRunId { get; init; }
}

/// <summary>Text that the code wrote to stderr.</summary>
public sealed record StderrEvent : SandboxEvent
{
    /// <summary>At most one line, including its line break.</summary>
    public required string Data { get; init; }

    /// <summary>The exact bytes, if the run has <see cref="OutputOptions.Binary"/>: of any length, not cut into lines. Otherwise null.</summary>
    public byte[]? Bytes { get; init; }

    /// <summary>In the background output: the run whose code wrote it, if it is known.</summary>
    public string? FromRunId { get; init; }
}

/// <summary>The end of a run. It is the last event and occurs exactly once.</summary>
public sealed record ExitEvent : SandboxEvent
{
    /// <summary>The exit code: 0; 1 for an uncaught exception; n for <c>sys.exit(n)</c>; 124 timeout; 130 interrupted; 137 killed, expired or out of memory; 255 lost.</summary>
    public required int Code { get; init; }

    /// <summary>Why the run ended; null if the code itself ended with <see cref="Code"/>.</summary>
    public ExitReason? Reason { get; init; }

    /// <summary>The uncaught exception, if there was one.</summary>
    public RunError? Error { get; init; }

    // The word of a reason that this version does not know.
    internal string? ReasonWord { get; init; }

    /// <summary>The signal that ended the process, such as <c>SIGTERM</c>; null if no signal did.</summary>
    public string? Signal { get; init; }

    /// <summary>Whether this end destroyed the interpreter's variables, if the server reports it.</summary>
    public bool StateLost { get; init; }
}

/// <summary>Why a run ended other than by itself.</summary>
[JsonConverter(typeof(WireEnumConverter<ExitReason>))]
public enum ExitReason
{
    /// <summary>A reason that this version does not know.</summary>
    Unknown,

    /// <summary>It ran longer than its timeout.</summary>
    Timeout,

    /// <summary>It was interrupted. The sandbox keeps its state.</summary>
    Interrupted,

    /// <summary>It was killed, because its sandbox was deleted or because it ignored an interrupt.</summary>
    Killed,

    /// <summary>Its sandbox reached the end of its lifetime.</summary>
    Expired,

    /// <summary>It used more memory than the sandbox has.</summary>
    Oom,

    /// <summary>Its process died.</summary>
    Crashed,

    /// <summary>Its sandbox was lost with its host.</summary>
    Lost,
}

/// <summary>An uncaught exception in the sandbox. Each part may be missing.</summary>
public sealed record RunError
{
    /// <summary>The exception's type, such as <c>ZeroDivisionError</c>.</summary>
    public string? Name { get; init; }

    /// <summary>The exception's message.</summary>
    public string? Value { get; init; }

    /// <summary>The traceback.</summary>
    public string? Traceback { get; init; }
}

/// <summary>A stored event of a sandbox.</summary>
public sealed record ReplayedEvent
{
    /// <summary>The run that it belongs to. Null for late output: what threads and processes wrote after the end of the run that started them.</summary>
    public required string? RunId { get; init; }

    /// <summary>The event as it was sent.</summary>
    public required SandboxEvent Event { get; init; }
}
