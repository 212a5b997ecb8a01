using System.Diagnostics;
using Podflare.Content;
using Podflare.Guests;
using Podflare.Telemetry;
using Podflare.Traffic;

namespace Podflare.Runs;

/// <summary>One run in the memory of its sandbox grain. Properties of type <c>long</c> that end in <c>At</c> are monotonic timestamps.</summary>
public sealed class RunEntry(RunId id, RunKind kind = RunKind.Code)
{
    private readonly TaskCompletionSource<RunEvents> _opened = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private bool _counted;

    public RunId Id { get; } = id;

    public RunKind Kind => Events?.Record.Kind ?? kind;

    /// <summary>It keeps its sandbox from being idle: by itself, or because somebody reads it.</summary>
    public bool KeepsAlive => !Ended && Kind is not RunKind.Background && (Events is not { } events || events.Record.KeepsAlive || events.Readers > 0);

    /// <summary>Null until the run is accepted.</summary>
    public RunEvents? Events { get; private set; }

    /// <summary>The start that is in progress or done, which a repeated request awaits. A failed start is replaced.</summary>
    public Task<RunAccepted>? Starting { get; set; }

    /// <summary>When its start was last requested.</summary>
    public long AskedAt { get; set; }

    /// <summary>The guest that is connected now has reported that it holds this run.</summary>
    public bool Held { get; set; }

    /// <summary>
    /// The guest has reported that this run has ended. Where neither the log nor a frame has its exit, the store has lost it.
    /// </summary>
    public bool EndedInGuest { get; set; }

    /// <summary>When its code began to execute, in wall-clock time as the guest reported it; null while the run is queued.</summary>
    public DateTimeOffset? StartedAt { get; private set; }

    /// <summary>When this activation learned that its code executes; null while the run is queued.</summary>
    public long? RunningAt { get; private set; }

    public bool ReplRestarted { get; set; }

    /// <summary>Its number among the Python runs of its context, as the guest reported it.</summary>
    public int? Execution { get; set; }

    /// <summary>Its process, as far as it is known: only the guest has it for good.</summary>
    public GuestProcess? Process { get; set; }

    /// <summary>Bytes of standard input that the guest has accepted, as far as it is known.</summary>
    public long? StdinOffset { get; set; }

    /// <summary>Its calls of tools that wait for an answer; null for a run without tools, and until the guest has reported them.</summary>
    public OpenToolCalls? ToolCalls { get; set; }

    /// <summary>When the kill that enforces its timeout was sent.</summary>
    public long? KilledAt { get; set; }

    /// <summary>Somebody has interrupted it.</summary>
    public bool Interrupted { get; set; }

    /// <summary>It was interrupted because nobody reads it.</summary>
    public bool Abandoned { get; set; }

    /// <summary>When its exit was found in the log, if <see cref="IsMarkedEnded"/>.</summary>
    public long EndedAt { get; internal set; }

    /// <summary>Its exit is in the log and was reported; readers read it from memory for a moment longer.</summary>
    public bool IsMarkedEnded { get; internal set; }

    /// <summary>The run's span, where this activation began it and somebody listens.</summary>
    public Activity? Span { get; set; }

    /// <summary>Its code and output, where they may go to its tenant's telemetry destination.</summary>
    internal RunContent? Content { get; set; }

    /// <summary>Where its tenant's runs are counted; set before <see cref="Open"/>.</summary>
    public TenantTraffic? Traffic { get; set; }

    /// <summary>Called once, when it has its exit, or this activation no longer has it.</summary>
    public Action? Left { get; set; }

    /// <summary>Bytes of its standard output that this activation has logged.</summary>
    public long StdoutBytes { get; set; }

    /// <summary>Bytes of its standard error that this activation has logged.</summary>
    public long StderrBytes { get; set; }

    public bool Ended => Events is { Ended: true };

    /// <summary>Its place among the ended runs of its table.</summary>
    internal LinkedListNode<RunEntry>? Place { get; set; }

    /// <summary>The guest reports when the code began to execute.</summary>
    /// <remarks>
    /// How long ago that was cannot be computed from the two wall clocks: one may have been set since. The guest enforces its timeout itself, and
    /// the one that this activation enforces behind it begins anew with an adoption.
    /// </remarks>
    public void MarkStarted(DateTimeOffset at, TimeProvider time)
    {
        StartedAt = at;
        if (RunningAt is null && _counted) Traffic?.Change(0, 1);
        RunningAt ??= time.GetTimestamp();
    }

    /// <summary>The guest reports the id of its process.</summary>
    public void MarkProcess(int pid)
    {
        if (pid > 0) Process = (Process ?? new GuestProcess(0, [], null)) with { Pid = pid };
    }

    public void Open(RunEvents events)
    {
        Events = events;
        if (!_counted && !events.Ended && events.Record.Kind is not RunKind.Background) Count(1);
        _opened.TrySetResult(events);
    }

    /// <summary>It has its exit, or this activation no longer has it.</summary>
    public void Leave()
    {
        if (_counted) Count(-1);
        // That of a run which has ended is on its way.
        if (!Ended) Content?.Release();
        Left?.Invoke();
        Left = null;
    }

    /// <summary>It was not accepted: readers that wait for its events get this exception.</summary>
    public void Refuse(Exception why)
    {
        _opened.TrySetException(why);
        _ = _opened.Task.Exception;
    }

    /// <summary>The events, once the run is accepted.</summary>
    public Task<RunEvents> OpenedAsync() => _opened.Task;

    private void Count(int change)
    {
        _counted = change > 0;
        Instruments.RunsActive.Add(change);
        Traffic?.Change(change, RunningAt is null ? 0 : change);
    }
}
