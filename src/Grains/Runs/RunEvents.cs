using System.Text;
using Podflare.Sandboxes;
using Podflare.Streaming;

namespace Podflare.Runs;

/// <summary>
/// The numbered events of one run: a bounded ring in front, the event log behind it, and the readers that are connected.
/// Log first: a reader sees only what the log holds. For the run's grain only, so without locks.
/// </summary>
public sealed class RunEvents
{
    private readonly IEventLog _log;
    private readonly SandboxId _sandbox;
    private readonly RunOptions _options;
    private readonly TimeProvider _time;
    private readonly EventRing _ring;
    private readonly ReaderBackpressure _readers;
    private readonly RunLogWriter _writer;

    private TaskCompletionSource? _changed;
    private long? _logFirst;
    private bool _withdrawn;

    private RunEvents(IEventLog log, SandboxId sandbox, RunRecord record, LogBounds? bounds, int epoch, RunOptions options, TimeProvider time)
    {
        (_log, _sandbox, _options, _time) = (log, sandbox, options, time);
        _ring = new EventRing(options.RingBytes);
        _readers = new ReaderBackpressure(options, time);

        Record = record;
        LastSeq = record.Ended ? record.LastSeq : bounds?.LastSeq ?? 0;
        LastFrame = bounds?.LastFrame ?? 0;
        _logFirst = bounds?.FirstSeq;
        if (bounds is not null) _readers.AddExisting(bounds);
        _writer = new RunLogWriter(log, sandbox, this, _ring, _readers, epoch, time);
    }

    /// <summary>Opens the events of a run whose record was accepted or found. Reads the log's bounds unless the record is new.</summary>
    /// <exception cref="StorageUnavailableException">The store does not answer. It is not tried again here.</exception>
    public static async Task<RunEvents> OpenAsync(
        IEventLog log, SandboxId sandbox, RunRecord record, bool isNew, RunOptions options, TimeProvider time, CancellationToken cancellationToken)
    {
        var epoch = log.Epoch;
        var bounds = isNew ? null : await log.FindBoundsAsync(sandbox, record.Id, cancellationToken);
        return new RunEvents(log, sandbox, record, bounds, epoch, options, time);
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
            var first = gone || _logFirst is not { } logFirst ? LastSeq : Math.Max(logFirst, _readers.KeepFrom);
            return Math.Min(first, _ring.FirstSeq ?? first);
        }
    }

    /// <summary>The last guest frame that the log covers: it and earlier ones are acknowledged and dropped.</summary>
    public ulong LastFrame { get; private set; }

    /// <summary>The exit is in the log.</summary>
    public bool Ended => Record.Ended;

    /// <summary>Bytes of events that the ring holds.</summary>
    public long HeldBytes => _ring.Bytes;

    /// <summary>Rendered bytes of the events that the log holds; an upper bound.</summary>
    public long LogBytes => _readers.LogBytes;

    /// <inheritdoc cref="RunLogWriter.IsInDoubt"/>
    public bool IsInDoubt => _writer.IsInDoubt;

    /// <inheritdoc cref="ReaderBackpressure.UnreadFor"/>
    public TimeSpan? UnreadFor => _readers.UnreadFor;

    /// <inheritdoc cref="ReaderBackpressure.Readers"/>
    public int Readers => _readers.Readers;

    /// <inheritdoc cref="ReaderBackpressure.Remembered"/>
    internal int Remembered => _readers.Remembered;

    /// <summary>
    /// Completes at the next append, when all else of it is done: whoever awaits it may continue within that append. Take it before
    /// reading, so that no append is missed.
    /// </summary>
    public Task Changed => (_changed ??= new TaskCompletionSource()).Task;

    /// <summary>Registers a reader that has everything up to <paramref name="afterSeq"/>. It counts until it is disposed.</summary>
    public EventReader AddReader(long afterSeq) => _readers.AddReader(afterSeq);

    /// <summary>
    /// Appends to the log, then publishes. Waits while the log is over its limit and a reader that makes progress has not been sent the
    /// oldest events, unless <paramref name="ending"/> is set or <paramref name="force"/> is true. Repeats with backoff while the store is
    /// away. A second append waits for its turn.
    /// </summary>
    /// <param name="batch">Rendered after <see cref="LastSeq"/>.</param>
    /// <param name="frame">The last guest frame that it covers; for an exit that the worker made, <see cref="LastFrame"/>.</param>
    /// <param name="ending">Set exactly when the batch's last line is the exit.</param>
    /// <returns>
    /// <see cref="AppendResult.Fenced"/>: another writer has replaced this one. <see cref="AppendResult.Ended"/>: the run already has its exit.
    /// <see cref="AppendResult.Behind"/>: the log has lost what this activation cannot replace; an exit with reason <see cref="ExitReason.Lost"/> is
    /// still accepted. <see cref="AppendResult.Renumber"/>: only after an append that was cancelled, or that was under way at this call.
    /// </returns>
    /// <exception cref="OperationCanceledException">
    /// Given up. The log may have the batch nevertheless; the next append finds out.
    /// </exception>
    public Task<AppendResult> AppendAsync(EventBatch batch, ulong frame, RunEnding? ending, bool force, CancellationToken cancellationToken) =>
        _writer.AppendAsync(batch, frame, ending, force, cancellationToken);

    /// <summary>
    /// Compares the log with what was published, and appends from the ring what the log has lost. For the moment at which the
    /// connection to the store comes back (of every run for which <see cref="IsInDoubt"/> is true, also of one that writes nothing), and before
    /// the ring of an ended run is released.
    /// </summary>
    /// <returns>
    /// <see cref="AppendResult.Done"/>: the log has everything, or an append is under way, which finds out by itself.
    /// <see cref="AppendResult.Fenced"/>: another writer has replaced this one. <see cref="AppendResult.Behind"/>: the log has lost what the ring
    /// no longer holds, so the run can only end with reason <see cref="ExitReason.Lost"/>.
    /// </returns>
    /// <exception cref="StorageUnavailableException">The store does not answer.</exception>
    public Task<AppendResult> VerifyAsync(CancellationToken cancellationToken) => _writer.VerifyAsync(cancellationToken);

    /// <summary>
    /// The guest was told that frames of this run are kept which the log no longer has: the store came back with older data, and the activation
    /// that could have repaired it is gone. Nobody has these frames any more, so the run can only end with reason <see cref="ExitReason.Lost"/>.
    /// </summary>
    /// <param name="acknowledged">The last frame of this run that the guest knows to be acknowledged, see <see cref="Guests.GuestRun.Acknowledged"/>.</param>
    public bool HasLostFrames(ulong acknowledged) => !Ended && LastFrame < acknowledged;

    /// <summary>
    /// The events after <paramref name="seq"/>, from the ring or the log, about <paramref name="maxBytes"/> of them and at least one; null
    /// when there is nothing newer yet. Of an ended run, a reader at or behind its last event gets the exit again.
    /// </summary>
    /// <exception cref="EventsEvictedException">The next event is gone.</exception>
    /// <exception cref="RunNotFoundException">The run was withdrawn.</exception>
    /// <exception cref="StorageUnavailableException">The next event is not in the ring, and the store does not answer.</exception>
    public async ValueTask<EventBatch?> ReadAfterAsync(long seq, int maxBytes, CancellationToken cancellationToken)
    {
        if (_withdrawn) throw new RunNotFoundException();
        if (seq >= LastSeq) return ReadExit();
        if (_ring.ReadAfter(seq, maxBytes) is { } held) return held;

        var found = await _log.ReadAfterAsync(_sandbox, Record.Id, seq, maxBytes, cancellationToken);
        if (found is not null && found.FirstSeq == seq + 1) return found;

        // The record outlives the events, and holds the exit.
        if (seq >= LastSeq - 1 && ReadExit() is { } exit) return exit;
        throw new EventsEvictedException(found?.FirstSeq ?? _ring.FirstSeq ?? LastSeq);
    }

    /// <summary>The run never began, and its record was removed. Its readers end.</summary>
    public void Withdraw()
    {
        _withdrawn = true;
        NotifyChanged();
    }

    /// <summary>The event after <paramref name="seq"/> is in the ring, so that reading it does not need the store.</summary>
    public bool Holds(long seq) => _ring.FirstSeq <= seq + 1;

    /// <summary>
    /// Releases the ring's memory; readers are served from the log from now on. For an ended run, some seconds after its end, when
    /// <see cref="VerifyAsync"/> has found it complete.
    /// </summary>
    public void ReleaseRing() => _ring.Clear();

    /// <summary>The log has this batch: readers may see it.</summary>
    internal void Publish(RingEntry entry)
    {
        var batch = entry.Batch;
        var before = LastSeq;
        LastSeq = batch.LastSeq;
        LastFrame = Math.Max(LastFrame, entry.Frame);
        _logFirst ??= batch.FirstSeq;
        _ring.Add(entry);
        if (entry.Ending is { } ending)
            Record = Record with { Exit = Encoding.UTF8.GetString(EventBatches.LastLine(batch)), LastSeq = LastSeq, Ending = ending };

        _readers.OnPublished(before, batch.LastSeq, batch.Utf8.Length);
        NotifyChanged();
    }

    /// <summary>Another writer has ended the run.</summary>
    internal void AdoptEnd(RunRecord ended)
    {
        Record = ended;
        LastSeq = ended.LastSeq;
        NotifyChanged();
    }

    private EventBatch? ReadExit()
    {
        if (Record.Exit is not { } line) return null;
        var utf8 = Encoding.UTF8.GetBytes(line);
        return new EventBatch(LastSeq, utf8, [utf8.Length], true);
    }

    private void NotifyChanged()
    {
        var changed = _changed;
        _changed = null;
        changed?.TrySetResult();
    }
}
