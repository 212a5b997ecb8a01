using System.Collections.Immutable;
using Podflare.Containers;
using Podflare.Contexts;
using Podflare.Resources;
using Podflare.Runs;

namespace Podflare.Guests;

/// <summary>What a guest reports to its sandbox, in order of arrival.</summary>
public abstract record GuestEvent;

/// <summary>A guest (re)connected. Numbered frames from <see cref="GuestHello.First"/> on follow.</summary>
public sealed record GuestConnected(GuestHello Hello) : GuestEvent;

/// <summary>The connection broke; the guest keeps what was not acknowledged.</summary>
public sealed record GuestDisconnected : GuestEvent;

/// <summary>A REPL answers; <paramref name="Repl"/> counts them from 1.</summary>
public sealed record GuestReady(int Repl) : GuestEvent;

/// <summary>The run's code began to execute.</summary>
public sealed record GuestRunStarted(RunId Run, DateTimeOffset At) : GuestEvent;

/// <summary>A numbered frame: output or the end of a run. <paramref name="Time"/> is Unix time in ms as the guest saw it.</summary>
public abstract record GuestFrame(ulong Number, RunId Run, long Time) : GuestEvent;

/// <summary>Output: whole lines, or a piece of one, never a part of a character that can still be completed.</summary>
public sealed record GuestOutput(ulong Number, RunId Run, long Time, bool IsError, ReadOnlyMemory<byte> Bytes) : GuestFrame(Number, Run, Time)
{
    /// <summary>It comes from a terminal, and is any bytes.</summary>
    public bool IsTerminal { get; init; }
}

/// <summary>The end of a run: its last frame.</summary>
public sealed record GuestRunEnded(
    ulong Number, RunId Run, long Time, int Code, ExitReason? Reason, RunError? Error, DateTimeOffset? Started, bool ReplRestarted)
    : GuestFrame(Number, Run, Time)
{
    /// <summary>The signal that ended its process, such as <c>SIGTERM</c>.</summary>
    public string? Signal { get; init; }

    /// <summary>This end destroyed the variables of its context.</summary>
    public bool StateLost { get; init; }

    /// <summary>Its number among the Python runs of its context.</summary>
    public int? Execution { get; init; }

    /// <summary>What the container has used meanwhile; null from an older guest, and for a run that never started.</summary>
    public ResourceUsage? Usage { get; init; }
}

/// <summary>The exception that ended a run, as its <c>exit</c> event shows it.</summary>
public sealed record RunError(string? Name, string? Value, string? Traceback);

/// <summary>The first frame of a guest on every connection (<c>HELLO</c>).</summary>
/// <param name="Version">The version of the protocol that the connection uses.</param>
/// <param name="Boot">32 hex digits, drawn by the supervisor when it started: another value is another life of the sandbox.</param>
/// <param name="First">Number of the oldest frame not acknowledged, or of the next one.</param>
/// <param name="Repl">The REPL that answers; 0 while none does yet.</param>
/// <param name="Runs">All whose <c>END</c> is not acknowledged.</param>
public sealed record GuestHello(int Version, string Boot, ulong First, int Repl, ImmutableArray<GuestRun> Runs)
{
    /// <summary>From a container that was started to probe its isolation: for each layer its state and a text.</summary>
    public IReadOnlyDictionary<string, string[]>? Isolation { get; init; }

    /// <summary>From a container that was started to compile the guest.</summary>
    public GuestBytecode? Bytecode { get; init; }

    /// <summary>It takes telemetry of the sandbox's programs.</summary>
    public bool HasRelay { get; init; }
}

/// <param name="Started">When its code began to execute; null while queued.</param>
/// <param name="Acknowledged">Its last frame that was acknowledged, and that the guest no longer has; 0 for none, or from a guest that does not report it.</param>
public sealed record GuestRun(RunId Id, RunState State, DateTimeOffset? Started, ulong Acknowledged = 0)
{
    /// <summary>Its process; null where it has none.</summary>
    public GuestProcess? Process { get; init; }

    /// <summary>Bytes of standard input that were accepted; null where it has none.</summary>
    public long? StdinOffset { get; init; }

    /// <inheritdoc cref="GuestRunEnded.Execution"/>
    public int? Execution { get; init; }

    /// <summary>Numbers of its calls of tools that wait for an answer; <c>default</c> for a run without tools.</summary>
    public ImmutableArray<uint> OpenToolCalls { get; init; }
}

/// <summary>The process of a run.</summary>
/// <param name="Pid">Its id in the sandbox.</param>
/// <param name="Argv">Program and arguments.</param>
/// <param name="Cwd">The folder in which it started; null for the home directory.</param>
public sealed record GuestProcess(int Pid, ImmutableArray<string> Argv, string? Cwd);

/// <summary>The guest's answer to a request.</summary>
public abstract record GuestAnswer;

/// <param name="State">Of the run that the request named; null when the guest does not know it.</param>
/// <param name="ReplRestarted">For a run: the next free REPL is a new one.</param>
public sealed record GuestTaken(RunState? State, bool ReplRestarted) : GuestAnswer
{
    /// <inheritdoc cref="GuestRunEnded.Execution"/>
    public int? Execution { get; init; }

    /// <summary>For input: bytes that were accepted in all.</summary>
    public long? Offset { get; init; }

    /// <summary>For a request about contexts: those that it is about.</summary>
    public ImmutableArray<ContextInfo> Contexts { get; init; } = [];

    /// <summary>For a request about contexts: the runs that were interrupted.</summary>
    public ImmutableArray<RunId> Runs { get; init; } = [];

    /// <summary>The context is new.</summary>
    public bool Created { get; init; }

    /// <summary>For a kill of everything: CPU time of the container so far; null from an older guest.</summary>
    public TimeSpan? CpuTime { get; init; }

    /// <summary>With <see cref="CpuTime"/>: time for which the CPU limit has stopped the container; null where that is not known.</summary>
    public TimeSpan? Throttled { get; init; }

    /// <summary>With <see cref="CpuTime"/>: processes that the kernel has killed for memory; null where that is not known.</summary>
    public int? OomKills { get; init; }
}

/// <param name="Code">Such as <c>queue_full</c>, <c>closing</c> or <c>invalid</c>. Nothing was done.</param>
public sealed record GuestRefused(string Code, string? Detail) : GuestAnswer
{
    /// <summary>For input: bytes that were accepted in all.</summary>
    public long? Offset { get; init; }
}
