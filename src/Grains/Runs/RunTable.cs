using System.Diagnostics;
using Podflare.Sandboxes;
using Podflare.Telemetry;

namespace Podflare.Runs;

/// <summary>
/// The runs that a sandbox grain has in hand: open ones, and ended ones for the moment in which readers still take them from memory.
/// Used on the grain's scheduler only.
/// </summary>
/// <param name="maxOpen">Open runs at most.</param>
/// <param name="maxWaiting">Readers that may wait at a time for a run that is not there yet.</param>
/// <param name="maxEnded">Ended runs beyond which <see cref="IsOverfull"/>.</param>
/// <param name="maxEndedBytes">Bytes of events of ended runs beyond which <see cref="IsOverfull"/>.</param>
public sealed class RunTable(int maxOpen, int maxWaiting, int maxEnded, long maxEndedBytes)
{
    private readonly Dictionary<RunId, RunEntry> _entries = [];
    private readonly Dictionary<RunId, TaskCompletionSource<RunEntry>> _expected = [];

    // Apart from the ended ones, of which a busy sandbox has thousands in hand: each run begins and ends with a look at the open ones.
    private readonly HashSet<RunEntry> _active = [];
    private readonly LinkedList<RunEntry> _settled = [];
    private long _settledBytes;
    private int _waiting;

    public bool IsEmpty => _entries.Count == 0;

    public IReadOnlyCollection<RunEntry> All => _entries.Values;

    /// <summary>The ended runs that may go, in the order of their ends: those that ended by <paramref name="endedBy"/>, or are too many.</summary>
    public IReadOnlyList<RunEntry> Due(DateTimeOffset endedBy)
    {
        List<RunEntry> due = [];
        var (count, bytes) = (_settled.Count, _settledBytes);
        foreach (var entry in _settled)
        {
            if (entry.EndedAt > endedBy && count <= maxEnded && bytes <= maxEndedBytes) break;
            due.Add(entry);
            count--;
            bytes -= entry.Events!.HeldBytes;
        }

        return due;
    }

    /// <summary>Runs that have no exit yet, those being accepted included.</summary>
    public IEnumerable<RunEntry> Open => _active.Where(entry => !entry.Ended);

    public int OpenCount
    {
        get
        {
            var count = 0;
            foreach (var entry in _active)
                if (!entry.Ended) count++;
            return count;
        }
    }

    /// <summary>Those whose end was not marked by <see cref="Settle"/> yet.</summary>
    public IReadOnlyCollection<RunEntry> Active => _active;

    /// <summary>The ended runs in hand are more, or hold more bytes, than they may.</summary>
    public bool IsOverfull => _settled.Count > maxEnded || _settledBytes > maxEndedBytes;

    public RunEntry? Find(RunId run) => _entries.GetValueOrDefault(run);

    /// <summary>Enters a new run. No await may lie between <see cref="Find"/> and this: calls interleave.</summary>
    /// <exception cref="RunQueueFullException">Too many open runs.</exception>
    public RunEntry Enter(RunId run)
    {
        if (OpenCount >= maxOpen) throw new RunQueueFullException(maxOpen);
        return Add(run);
    }

    /// <summary>Enters a run that was accepted before this activation; the limit held then.</summary>
    public RunEntry Add(RunId run)
    {
        var entry = new RunEntry(run);
        _entries.Add(run, entry);
        _active.Add(entry);
        if (_expected.Remove(run, out var expected)) expected.TrySetResult(entry);
        return entry;
    }

    /// <summary>The exit of this run is logged: it is kept for its readers, behind those that ended before.</summary>
    public void Settle(RunEntry entry)
    {
        if (!_active.Remove(entry)) return;
        entry.Place = _settled.AddLast(entry);
        _settledBytes += entry.Events!.HeldBytes;
    }

    public void Remove(RunEntry entry)
    {
        if (_entries.GetValueOrDefault(entry.Id) == entry) _entries.Remove(entry.Id);
        _active.Remove(entry);
        if (entry.Place is not { } place) return;
        _settled.Remove(place);
        _settledBytes -= entry.Events!.HeldBytes;
        entry.Place = null;
    }

    /// <summary>Waits until a run is entered: a subscription may overtake the start of its run.</summary>
    /// <returns>Null when it did not come in time, or too many wait already.</returns>
    public async Task<RunEntry?> ExpectAsync(RunId run, TimeSpan limit, TimeProvider time, CancellationToken cancellationToken)
    {
        if (_entries.TryGetValue(run, out var known)) return known;
        if (_waiting >= maxWaiting) return null;
        if (!_expected.TryGetValue(run, out var expected)) _expected[run] = expected = new(TaskCreationOptions.RunContinuationsAsynchronously);
        _waiting++;
        try
        {
            return await expected.Task.WaitAsync(limit, time, cancellationToken);
        }
        catch (TimeoutException)
        {
            _expected.Remove(run);
            return null;
        }
        finally
        {
            _waiting--;
        }
    }
}

/// <summary>One run in a sandbox grain's hands.</summary>
public sealed class RunEntry(RunId id)
{
    private bool _counted;
    private readonly TaskCompletionSource<RunEvents> _opened = new(TaskCreationOptions.RunContinuationsAsynchronously);

    public RunId Id { get; } = id;

    /// <summary>Null until the run is accepted.</summary>
    public RunEvents? Events { get; private set; }

    /// <summary>The start under way, or done: a repeat awaits it. A failed one is replaced.</summary>
    public Task<RunAccepted>? Starting { get; set; }

    /// <summary>When somebody last asked for it to be started.</summary>
    public DateTimeOffset AskedAt { get; set; }

    /// <summary>The guest that is connected now has said that it holds this run.</summary>
    public bool Held { get; set; }

    /// <summary>When its code began to execute; null while it queues.</summary>
    public DateTimeOffset? StartedAt { get; set; }

    public bool ReplRestarted { get; set; }

    /// <summary>When the kill that backs up its timeout was sent.</summary>
    public DateTimeOffset? KilledAt { get; set; }

    /// <summary>It was interrupted because nobody reads it.</summary>
    public bool Abandoned { get; set; }

    /// <summary>When its exit was logged; readers take it from memory for a moment longer.</summary>
    public DateTimeOffset? EndedAt { get; set; }

    /// <summary>The run's span, where this activation began it and somebody listens.</summary>
    public Activity? Span { get; set; }

    /// <summary>Bytes that this activation has logged of its standard output.</summary>
    public long StdoutBytes { get; set; }

    /// <summary>Bytes that this activation has logged of its standard error.</summary>
    public long StderrBytes { get; set; }

    public bool Ended => Events is { Ended: true };

    /// <summary>Its place among the ended runs of its table.</summary>
    internal LinkedListNode<RunEntry>? Place { get; set; }

    public void Open(RunEvents events)
    {
        Events = events;
        if (!_counted && !events.Ended) Count(1);
        _opened.TrySetResult(events);
    }

    /// <summary>It has its exit, or is no longer in this activation's hands.</summary>
    public void Leave()
    {
        if (_counted) Count(-1);
    }

    private void Count(int change)
    {
        _counted = change > 0;
        Instruments.RunsActive.Add(change);
    }

    /// <summary>It was not accepted: who waits for its events is told so.</summary>
    public void Refuse(Exception why)
    {
        _opened.TrySetException(why);
        _ = _opened.Task.Exception;
    }

    /// <summary>The events, once the run is accepted.</summary>
    public Task<RunEvents> OpenedAsync() => _opened.Task;
}
