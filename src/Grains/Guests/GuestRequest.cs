using System.Collections.Immutable;
using Podflare.Contexts;
using Podflare.Runs;

namespace Podflare.Guests;

/// <summary>A request to the guest; each may safely come twice, unless it says otherwise.</summary>
public abstract record GuestRequest
{
    /// <summary>Whether it is sent again on the next connection when the one that carried it broke.</summary>
    public virtual bool IsRepeatable => true;
}

/// <summary>Replaces the sandbox's variables.</summary>
public sealed record SetEnvironment(ImmutableSortedDictionary<string, string> Env) : GuestRequest;

/// <summary>Hands a run over; the guest holds the queue.</summary>
/// <param name="Timeout"><see cref="RunRequest.NoTimeout"/> for none.</param>
public sealed record StartGuestRun(
    RunId Run, RunLanguage Language, TimeSpan Timeout, TimeSpan Grace, ImmutableSortedDictionary<string, string> Env, byte[] Code,
    string? TraceParent = null, string? TraceState = null, string? Baggage = null) : GuestRequest
{
    public RunKind Kind { get; init; }

    public string? Context { get; init; }

    public FreshMode Fresh { get; init; }

    public DisplayPolicy Display { get; init; }

    public bool Columns { get; init; }

    public bool Stdin { get; init; }

    public ProcessSpec? Process { get; init; }

    public WatchSpec? Watch { get; init; }

    public OutputFormat? Output { get; init; }

    public GuestTools? Tools { get; init; }
}

/// <summary>The tools of a run, and the limits of their calls.</summary>
/// <param name="Timeout">How long a call waits for its answer.</param>
/// <param name="MaxOpen">Calls that wait at once.</param>
/// <param name="MaxCalls">Calls of the run in all.</param>
/// <param name="MaxBytes">Arguments of one call, and one answer.</param>
public sealed record GuestTools(RunTools Tools, TimeSpan Timeout, int MaxOpen, int MaxCalls, int MaxBytes);

/// <summary>The answer to a call of a tool. The guest takes the first one; a repeat changes nothing.</summary>
/// <param name="Call">The number of the call in its run.</param>
public sealed record AnswerGuestToolCall(RunId Run, uint Call, bool IsError, byte[] Content) : GuestRequest;

/// <summary>Interrupts one run; after the grace time it is killed.</summary>
public sealed record InterruptGuestRun(RunId Run, TimeSpan Grace) : GuestRequest;

/// <summary>Kills one run, or with null all of them, the queue too, and every later one is refused.</summary>
/// <param name="Reason"><see cref="ExitReason.Killed"/>, <see cref="ExitReason.Expired"/> or <see cref="ExitReason.Timeout"/>.</param>
public sealed record KillGuestRuns(RunId? Run, ExitReason Reason) : GuestRequest;

/// <summary>Bytes for the standard input of a run.</summary>
/// <param name="Offset">Where they belong. Null appends, which cannot be repeated.</param>
public sealed record WriteGuestStdin(RunId Run, byte[] Bytes, bool IsEnd, long? Offset) : GuestRequest
{
    public override bool IsRepeatable => Offset is not null;
}

/// <summary>Changes the size of a run's terminal.</summary>
public sealed record ResizeGuestTerminal(RunId Run, TerminalSize Size) : GuestRequest;

/// <summary>Sends a signal to processes of a run.</summary>
/// <param name="Signal">Such as <c>SIGTERM</c>.</param>
public sealed record SignalGuestRun(RunId Run, string Signal, SignalScope Scope) : GuestRequest;

/// <summary>What to do with contexts.</summary>
public enum ContextAction
{
    List,
    Create,
    Delete,
    Restart,
    Interrupt,
}

/// <summary>Asks for contexts, or changes one. A repeated restart restarts again.</summary>
/// <param name="Id">Null for all, or for a new one whose id the guest chooses.</param>
public sealed record GuestContextRequest(ContextAction Action, ContextId? Id) : GuestRequest
{
    /// <summary>Of a new one.</summary>
    public ContextSpec? Spec { get; init; }

    /// <summary>For an interrupt: also runs that wait.</summary>
    public bool Queued { get; init; }

    /// <summary>For an interrupt: time until the kill.</summary>
    public TimeSpan? Grace { get; init; }
}
