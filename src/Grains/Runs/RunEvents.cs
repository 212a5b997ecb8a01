using System.Diagnostics.CodeAnalysis;
using System.Text;
using Podflare.Sandboxes;
using Podflare.Streaming;

namespace Podflare.Runs;

/// <summary>
/// The numbered events of one run: a bounded ring in front, the event log behind it, and the readers that are under way.
/// Log first: what a reader sees, the log holds. Used on its grain's scheduler only, so without locks.
/// </summary>
[SuppressMessage("Design", "CA1001", Justification = "A semaphore whose wait handle nobody asks for has nothing to dispose of.")]
public sealed partial class RunEvents
{
    private readonly IEventLog _log;
    private readonly SandboxId _sandbox;
    private readonly RunOptions _options;
    private readonly TimeProvider _time;
    private readonly EventRing _ring;
    private readonly LogExtent _extent;

    private TaskCompletionSource? _changed;
    private long? _logFirst;

    private RunEvents(IEventLog log, SandboxId sandbox, RunRecord record, LogBounds? bounds, RunOptions options, TimeProvider time)
    {
        (_log, _sandbox, _options, _time) = (log, sandbox, options, time);
        _ring = new EventRing(options.RingBytes);
        _extent = new LogExtent(Math.Max(64 * 1024, options.MaxLogBytes / 1024));
        _unreadSince = time.GetUtcNow();

        Record = record;
        LastSeq = record.Ended ? record.LastSeq : bounds?.LastSeq ?? 0;
        LastFrame = bounds?.LastFrame ?? 0;
        _logSeq = LastSeq;
        if (bounds is null) return;
        _logFirst = bounds.FirstSeq;
        _extent.Add(bounds.LastSeq, bounds.Bytes);
        _extent.Close(bounds.LastSeq);
    }

    /// <summary>Opens the events of a run whose record has been accepted or found; reads the log's bounds unless the record is new.</summary>
    /// <exception cref="StorageUnavailableException">The store does not answer; it is not tried again here.</exception>
    public static async Task<RunEvents> OpenAsync(
        IEventLog log, SandboxId sandbox, RunRecord record, bool isNew, RunOptions options, TimeProvider time, CancellationToken cancellationToken)
    {
        var bounds = isNew ? null : await log.FindBoundsAsync(sandbox, record.Id, cancellationToken);
        return new RunEvents(log, sandbox, record, bounds, options, time);
    }

    /// <summary>The run's record; closed by the append of the exit.</summary>
    public RunRecord Record { get; private set; }

    /// <summary>The newest event; 0 for none.</summary>
    public long LastSeq { get; private set; }

    /// <summary>The oldest event that can still be read; null for none.</summary>
    public long? FirstSeq
    {
        get
        {
            if (LastSeq == 0) return null;
            var gone = Record.Ending is { } ending && _time.GetUtcNow() >= ending.EndedAt.AddSeconds(_options.RetentionSeconds);
            var first = gone || _logFirst is not { } logFirst ? LastSeq : Math.Max(logFirst, _keepFrom);
            return Math.Min(first, _ring.FirstSeq ?? first);
        }
    }

    /// <summary>The last guest frame that the log covers: it and earlier ones are acknowledged and dropped.</summary>
    public ulong LastFrame { get; private set; }

    /// <summary>The exit is in the log.</summary>
    public bool Ended => Record.Ended;

    /// <summary>Bytes of events that the ring holds.</summary>
    public long HeldBytes => _ring.Bytes;

    /// <summary>
    /// Completes at the next append, when all else of it is done: who waits may go on within it. Take it before reading, so that no
    /// append is missed.
    /// </summary>
    public Task Changed => (_changed ??= new TaskCompletionSource()).Task;

    /// <summary>
    /// The events after <paramref name="seq"/>, from the ring or the log, about <paramref name="maxBytes"/> of them and at least one; null
    /// when there is nothing newer for now. Of an ended run, a reader at or behind its last event gets the exit again.
    /// </summary>
    /// <exception cref="EventsEvictedException">The next event is gone.</exception>
    /// <exception cref="StorageUnavailableException">The next event is not in the ring, and the store does not answer.</exception>
    public async ValueTask<EventBatch?> ReadAfterAsync(long seq, int maxBytes, CancellationToken cancellationToken)
    {
        if (seq >= LastSeq) return ExitAgain();
        if (_ring.ReadAfter(seq, maxBytes) is { } held) return held;

        var found = await _log.ReadAfterAsync(_sandbox, Record.Id, seq, maxBytes, cancellationToken);
        if (found is not null && found.FirstSeq == seq + 1) return found;

        // The record outlives the events, and holds the exit.
        if (seq >= LastSeq - 1 && ExitAgain() is { } exit) return exit;
        throw new EventsEvictedException(found?.FirstSeq ?? _ring.FirstSeq ?? LastSeq);
    }

    /// <summary>The event after <paramref name="seq"/> is in the ring, so that to read it asks no store.</summary>
    public bool Holds(long seq) => _ring.FirstSeq <= seq + 1;

    /// <summary>
    /// Gives the ring's memory back; readers are served from the log from now on. For an ended run, some seconds after its end, when
    /// <see cref="VerifyAsync"/> has found it complete.
    /// </summary>
    public void ReleaseRing() => _ring.Clear();

    private EventBatch? ExitAgain()
    {
        if (Record.Exit is not { } line) return null;
        var utf8 = Encoding.UTF8.GetBytes(line);
        return new EventBatch(LastSeq, utf8, [utf8.Length], true);
    }

    private void Publish(RingEntry entry)
    {
        var batch = entry.Batch;
        var before = LastSeq;
        LastSeq = batch.LastSeq;
        LastFrame = Math.Max(LastFrame, entry.Frame);
        _logSeq = LastSeq;
        _logFirst ??= batch.FirstSeq;
        _ring.Add(entry);
        _extent.Add(batch.LastSeq, batch.Utf8.Length);
        if (entry.Ending is { } ending)
            Record = Record with { Exit = Encoding.UTF8.GetString(EventBatches.LastLine(batch)), LastSeq = LastSeq, Ending = ending };

        WakeReaders(before);
        var changed = _changed;
        _changed = null;
        changed?.TrySetResult();
    }
}
