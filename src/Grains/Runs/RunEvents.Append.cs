using Podflare.Processes;
using Podflare.Streaming;

namespace Podflare.Runs;

public sealed partial class RunEvents
{
    private static readonly TimeSpan FirstBackoff = TimeSpan.FromMilliseconds(50);
    private static readonly TimeSpan LongestBackoff = TimeSpan.FromSeconds(1);

    // Each repair is followed by one more append; a store that goes back again and again in between is not worth more.
    private const int MaxRepairs = 3;

    // The log's last event where it is not LastSeq: behind a gap that nobody can fill any more.
    private long _logSeq;

    // An append of which we do not know whether the log has it, and whether we have looked since.
    private RingEntry? _doubt;
    private bool _looked;

    // The log's epoch at the last append.
    private int _epoch = -1;

    // One append at a time: a second one would be numbered like the first.
    private readonly SemaphoreSlim _turn = new(1, 1);

    /// <summary>
    /// Appends to the log, then publishes. Waits while the log is over its limit and a reader that moves has not been sent the oldest
    /// entries, unless <paramref name="ending"/> is set or <paramref name="force"/> says so. Repeats with backoff while the store is away.
    /// A second append waits for its turn.
    /// </summary>
    /// <param name="batch">Rendered after <see cref="LastSeq"/>.</param>
    /// <param name="frame">The last guest frame that it covers; for an exit that the worker made, <see cref="LastFrame"/>.</param>
    /// <param name="ending">Set exactly when the batch's last line is the exit.</param>
    /// <returns>
    /// <see cref="AppendResult.Fenced"/>: another writer has replaced us. <see cref="AppendResult.Ended"/>: the run has its exit already.
    /// <see cref="AppendResult.Behind"/>: the log has lost what we cannot replace; an exit with reason <see cref="ExitReason.Lost"/> is then
    /// still taken. <see cref="AppendResult.Renumber"/>: only behind an append that was cancelled, or that was under way at this call.
    /// </returns>
    /// <exception cref="OperationCanceledException">
    /// Given up. The log may have the batch all the same; the next append finds out.
    /// </exception>
    public async Task<AppendResult> AppendAsync(EventBatch batch, ulong frame, RunEnding? ending, bool force, CancellationToken cancellationToken)
    {
        if (batch.HasExit != ending is not null) throw new ArgumentException("An ending goes with an exit, and only with it.", nameof(ending));
        await _turn.WaitAsync(cancellationToken);
        try
        {
            if (Ended) return AppendResult.Ended;
            await MakeRoomAsync(batch.Utf8.Length, wait: !force && ending is null, cancellationToken);
            return await WriteAsync(new RingEntry(batch, frame, ending), cancellationToken);
        }
        finally
        {
            _turn.Release();
        }
    }

    /// <summary>The store may have lost some of what was appended here: <see cref="VerifyAsync"/> finds out.</summary>
    public bool IsInDoubt => _doubt is not null || _epoch != _log.Epoch;

    /// <summary>
    /// Compares the log with what we have published, and appends again from the ring what it has lost. For the moment at which the
    /// connection to the store comes back, and before the ring of an ended run goes.
    /// </summary>
    /// <returns><see cref="AppendResult.Done"/>, also while an append is under way, which finds out by itself.</returns>
    /// <exception cref="StorageUnavailableException">The store does not answer.</exception>
    public async Task<AppendResult> VerifyAsync(CancellationToken cancellationToken)
    {
        if (!await _turn.WaitAsync(0, cancellationToken)) return AppendResult.Done;
        try
        {
            if (_doubt is not null) return AppendResult.Done;
            var record = await _log.FindRunAsync(_sandbox, Record.Id, cancellationToken);
            if (record is { Ended: true } && !Ended) return AppendResult.Fenced;
            if (record is not null && record.Ended == Ended && await LogSeqAsync(cancellationToken) is var at && at >= LastSeq)
                return at == LastSeq ? AppendResult.Done : AppendResult.Fenced;
            if (record is { Ended: true }) return AppendResult.Done;  // its events have expired, the record has not
            return await RepairAsync(cancellationToken);
        }
        finally
        {
            _turn.Release();
        }
    }

    private async Task<AppendResult> WriteAsync(RingEntry entry, CancellationToken cancellationToken)
    {
        var repairs = 0;
        for (var backoff = FirstBackoff; ; backoff = backoff * 2 < LongestBackoff ? backoff * 2 : LongestBackoff)
        {
            try
            {
                for (; ; )
                {
                    if (_doubt is not null && !_looked) await LookAsync(cancellationToken);
                    if (Rest(entry) is not { } rest) return AppendResult.Renumber;
                    if (rest.Batch.Ends.Length == 0) return AppendResult.Done;
                    if (_logSeq != LastSeq && entry.Ending is not { Reason: ExitReason.Lost }) return AppendResult.Behind;

                    var outcome = await TryAppendAsync(rest, cancellationToken);
                    switch (outcome.Result)
                    {
                        case AppendResult.Done:
                            FaultPoint.Reach(rest.Ending is null ? FaultPoint.FramesAppended : FaultPoint.EndAppended);
                            _doubt = null;
                            Publish(rest);
                            return AppendResult.Done;
                        case AppendResult.Ended:
                            return await AdoptEndAsync(cancellationToken);
                        case AppendResult.Fenced when outcome.At > _logSeq:
                            // An append that we had given up may have arrived late; else another writer was here.
                            if (!await LookAsync(cancellationToken)) return AppendResult.Fenced;
                            break;
                        case AppendResult.Fenced when ++repairs > MaxRepairs:
                            return AppendResult.Fenced;
                        case AppendResult.Fenced:
                            if (await RepairAsync(cancellationToken) is var repaired and not (AppendResult.Done or AppendResult.Behind)) return repaired;
                            break;
                        default:
                            throw new InvalidOperationException($"A log does not answer {outcome.Result}.");
                    }
                }
            }
            catch (StorageUnavailableException)
            {
                await Task.Delay(backoff, _time, cancellationToken);
            }
        }
    }

    private async Task<AppendOutcome> TryAppendAsync(RingEntry entry, CancellationToken cancellationToken)
    {
        var earlier = _doubt;
        (_doubt, _looked) = (entry, false);
        _epoch = _log.Epoch;
        var answer = _log.AppendAsync(
            _sandbox, Record.Id, new LogAppend(_logSeq, _keepFrom, entry.Batch, entry.Frame, entry.Ending), cancellationToken);

        // A log that answers at once would let a chatty program keep its grain's other calls and readers from their turn.
        if (answer.IsCompletedSuccessfully) await Task.Yield();
        var outcome = await answer;

        // Answered: this one is not in doubt any more, but one that we gave up before still may be.
        (_doubt, _looked) = (earlier, true);
        return outcome;
    }

    /// <summary>What of the batch is not published yet; null when it does not follow on.</summary>
    private RingEntry? Rest(RingEntry entry)
    {
        var batch = entry.Batch;
        if (batch.FirstSeq == LastSeq + 1) return entry;
        if (batch.FirstSeq > LastSeq || _ring.EndingAt(LastSeq) is not { } last || last.Batch.FirstSeq != batch.FirstSeq) return null;
        if (!batch.Utf8.AsSpan().StartsWith(last.Batch.Utf8)) return null;
        return entry with { Batch = batch.LastSeq == LastSeq ? batch with { FirstSeq = LastSeq + 1, Utf8 = [], Ends = [] } : batch.After(LastSeq) };
    }

    /// <summary>After an append without an answer: when the log's last entry is that one, it is done.</summary>
    private async Task<bool> LookAsync(CancellationToken cancellationToken)
    {
        if (_doubt is not { } doubt) return false;
        var bounds = await _log.FindBoundsAsync(_sandbox, Record.Id, cancellationToken);
        _looked = true;
        if (bounds is null || bounds.LastSeq != doubt.Batch.LastSeq || !bounds.LastEntry.AsSpan().SequenceEqual(doubt.Batch.Utf8)) return false;
        _doubt = null;
        Publish(doubt);
        return true;
    }

    /// <summary>Writes the record anew and appends from the ring what the log has lost.</summary>
    private async Task<AppendResult> RepairAsync(CancellationToken cancellationToken)
    {
        var known = await _log.AcceptAsync(_sandbox, Record with { Exit = null, LastSeq = 0, Ending = null }, cancellationToken);
        if (known.PayloadHash != Record.PayloadHash || known.Ended) return AppendResult.Fenced;

        var bounds = await _log.FindBoundsAsync(_sandbox, Record.Id, cancellationToken);
        var at = bounds?.LastSeq ?? 0;
        if (at > LastSeq) return AppendResult.Fenced;
        if (bounds is not null && _ring.EndingAt(at) is { } ours && !bounds.LastEntry.AsSpan().SequenceEqual(ours.Batch.Utf8)) return AppendResult.Fenced;
        if (at < LastSeq && _ring.EntriesAfter(at) is null)
        {
            _logSeq = at;
            return AppendResult.Behind;
        }

        foreach (var entry in at < LastSeq ? _ring.EntriesAfter(at)! : [])
        {
            var outcome = await _log.AppendAsync(
                _sandbox, Record.Id, new LogAppend(at, _keepFrom, entry.Batch, entry.Frame, entry.Ending), cancellationToken);
            if (outcome.Result is not AppendResult.Done) return outcome.Result;
            at = entry.Batch.LastSeq;
        }

        _logSeq = LastSeq;
        return AppendResult.Done;
    }

    private async Task<AppendResult> AdoptEndAsync(CancellationToken cancellationToken)
    {
        _doubt = null;
        if (await _log.FindRunAsync(_sandbox, Record.Id, cancellationToken) is { Ended: true } record)
        {
            Record = record;
            LastSeq = record.LastSeq;
            _changed?.TrySetResult();
            _changed = null;
        }

        return AppendResult.Ended;
    }

    private async Task<long> LogSeqAsync(CancellationToken cancellationToken) =>
        (await _log.FindBoundsAsync(_sandbox, Record.Id, cancellationToken))?.LastSeq ?? 0;
}
