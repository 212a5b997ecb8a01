using System.Diagnostics.CodeAnalysis;
using Podflare.Processes;
using Podflare.Resilience;
using Podflare.Sandboxes;
using Podflare.Streaming;

namespace Podflare.Runs;

/// <summary>
/// Writes the events of one run to the log: one append at a time, repeated while the store is away, and repaired when the store came
/// back with older data. For the run's grain only, so without locks.
/// </summary>
[SuppressMessage("Design", "CA1001", Justification = "A semaphore whose wait handle is never used has nothing to dispose of.")]
internal sealed class RunLogWriter(IEventLog log, SandboxId sandbox, RunEvents events, EventRing ring, ReaderBackpressure readers, int epoch, TimeProvider time)
{
    private static readonly TimeSpan FirstBackoff = TimeSpan.FromMilliseconds(50);
    private static readonly TimeSpan LongestBackoff = TimeSpan.FromSeconds(1);

    // Each repair is followed by one more append. A store that loses data again and again in between gets no further repair.
    private const int MaxRepairs = 3;

    // The last event that the log has. It differs from the last published one behind a gap that cannot be filled any more.
    private long _logSeq = events.LastSeq;

    // An append whose result is not known, and whether the log was read since then.
    private RingEntry? _pending;
    private bool _pendingChecked;

    // The log holds something of the run that cannot be read.
    private bool _unreadable;

    // The log's epoch at the last moment at which the log was known to have everything that was published.
    private int _epoch = epoch;

    // A second append at the same time would get the same numbers as the first.
    private readonly SemaphoreSlim _turn = new(1, 1);

    /// <summary>The store may have lost some of what was appended here. <see cref="VerifyAsync"/> finds out.</summary>
    public bool IsInDoubt => _pending is not null || _epoch != log.Epoch;

    /// <inheritdoc cref="RunEvents.AppendAsync"/>
    public async Task<AppendResult> AppendAsync(EventBatch batch, ulong frame, RunEnding? ending, bool force, CancellationToken cancellationToken)
    {
        if (batch.HasExit != ending is not null) throw new ArgumentException("An ending belongs to a batch with an exit, and only to it.", nameof(ending));
        await _turn.WaitAsync(cancellationToken);
        try
        {
            if (events.Ended) return AppendResult.Ended;
            await readers.MakeRoomAsync(batch.Utf8.Length, wait: !force && ending is null, cancellationToken);
            return await WriteAsync(new RingEntry(batch, frame, ending), cancellationToken);
        }
        finally
        {
            _turn.Release();
        }
    }

    /// <inheritdoc cref="RunEvents.VerifyAsync"/>
    public async Task<AppendResult> VerifyAsync(CancellationToken cancellationToken)
    {
        if (!await _turn.WaitAsync(0, cancellationToken)) return AppendResult.Done;
        try
        {
            if (_pending is not null) return AppendResult.Done;
            var epoch = log.Epoch;
            var result = await VerifyAsync(events.Ended, cancellationToken);
            if (result is AppendResult.Done) _epoch = epoch;
            return result;
        }
        catch (RecordUnreadableException)
        {
            _unreadable = true;
            return AppendResult.Behind;
        }
        finally
        {
            _turn.Release();
        }
    }

    private async Task<AppendResult> VerifyAsync(bool ended, CancellationToken cancellationToken)
    {
        var record = await log.FindRunAsync(sandbox, events.Record.Id, cancellationToken);
        if (record is { Ended: true } && !ended) return AppendResult.Fenced;
        if (record is not null && record.Ended == ended && await ReadLogSeqAsync(cancellationToken) is var at && at >= events.LastSeq)
            return at == events.LastSeq ? AppendResult.Done : AppendResult.Fenced;
        if (record is { Ended: true }) return AppendResult.Done;  // its events have expired, its record has not
        return await RepairAsync(cancellationToken);
    }

    private async Task<AppendResult> WriteAsync(RingEntry entry, CancellationToken cancellationToken)
    {
        var repairs = 0;
        var backoff = new Backoff(FirstBackoff, LongestBackoff, time);
        while (true)
        {
            try
            {
                while (true)
                {
                    if (_unreadable)
                    {
                        if (entry.Ending is not { Reason: ExitReason.Lost }) return AppendResult.Behind;
                        await ReplaceUnreadableAsync(cancellationToken);
                    }

                    if (_pending is not null && !_pendingChecked) await ConfirmPendingAppendAsync(cancellationToken);
                    if (UnpublishedPart(entry) is not { } part) return AppendResult.Renumber;
                    if (part.Batch.Ends.Length == 0) return AppendResult.Done;
                    if (_logSeq != events.LastSeq && entry.Ending is not { Reason: ExitReason.Lost }) return AppendResult.Behind;

                    var outcome = await TryAppendAsync(part, cancellationToken);
                    switch (outcome.Result)
                    {
                        case AppendResult.Done:
                            FaultPoint.Reach(part.Ending is null ? FaultPoint.FramesAppended : FaultPoint.EndAppended);
                            Publish(part);
                            return AppendResult.Done;
                        case AppendResult.Ended:
                            return await AdoptEndAsync(cancellationToken);
                        case AppendResult.Fenced when outcome.At > _logSeq:
                            // Either an append that was given up has arrived late, or another writer was here.
                            if (!await ConfirmPendingAppendAsync(cancellationToken)) return AppendResult.Fenced;
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
            catch (Exception e) when (e is StorageUnavailableException or StorageRejectedException)
            {
                // A rejection does not pass by itself either way, but the run was accepted: its output waits until an operator has acted.
                await backoff.WaitAsync(cancellationToken);
            }
            catch (RecordUnreadableException) when (!_unreadable)
            {
                _unreadable = true;
            }
        }
    }

    /// <summary>What the log holds of the run cannot be read. Everything of it is replaced by an exit.</summary>
    private async Task ReplaceUnreadableAsync(CancellationToken cancellationToken)
    {
        await log.DiscardAsync(sandbox, events.Record.Id, cancellationToken);
        await log.AcceptAsync(sandbox, events.Record, tenant: null, cancellationToken);
        (_logSeq, _pending, _unreadable) = (0, null, false);
    }

    private async Task<AppendOutcome> TryAppendAsync(RingEntry entry, CancellationToken cancellationToken)
    {
        var earlier = _pending;
        (_pending, _pendingChecked) = (entry, false);
        _epoch = log.Epoch;
        var answer = log.AppendAsync(
            sandbox, events.Record.Id, new LogAppend(_logSeq, readers.KeepFrom, entry.Batch, entry.Frame, entry.Ending, events.Record), cancellationToken);

        // With a log that answers at once, a chatty program would keep the other calls and readers of its grain from their turn.
        if (answer.IsCompletedSuccessfully) await Task.Yield();
        var outcome = await answer;

        // The result of this append is known. That of an earlier one, which was given up, may still not be.
        (_pending, _pendingChecked) = (earlier, true);
        readers.IsOverBudget = outcome.OverBudget;
        return outcome;
    }

    private void Publish(RingEntry entry)
    {
        _pending = null;
        _logSeq = entry.Batch.LastSeq;
        events.Publish(entry);
    }

    /// <summary>The part of the batch that is not published yet; null when the batch does not follow the last event.</summary>
    private RingEntry? UnpublishedPart(RingEntry entry)
    {
        var (batch, lastSeq) = (entry.Batch, events.LastSeq);
        if (batch.FirstSeq == lastSeq + 1) return entry;
        if (batch.FirstSeq > lastSeq || ring.EndingAt(lastSeq) is not { } last || last.Batch.FirstSeq != batch.FirstSeq) return null;
        if (!batch.Utf8.AsSpan().StartsWith(last.Batch.Utf8)) return null;
        return entry with { Batch = batch.LastSeq == lastSeq ? batch with { FirstSeq = lastSeq + 1, Utf8 = [], Ends = [] } : batch.After(lastSeq) };
    }

    /// <summary>Finds out whether the log has the append whose result is not known: then its last entry is that one.</summary>
    private async Task<bool> ConfirmPendingAppendAsync(CancellationToken cancellationToken)
    {
        if (_pending is not { } pending) return false;
        var last = await log.FindLastEntryAsync(sandbox, events.Record.Id, cancellationToken);
        _pendingChecked = true;
        if (!IsSame(last, pending)) return false;
        Publish(pending);
        return true;
    }

    /// <summary>Writes the record again, and appends from the ring what the log has lost.</summary>
    private async Task<AppendResult> RepairAsync(CancellationToken cancellationToken)
    {
        var (record, lastSeq) = (events.Record, events.LastSeq);
        var open = record with { Exit = null, LastSeq = 0, Ending = null };
        var known = await log.AcceptAsync(sandbox, open, tenant: null, cancellationToken);
        if (known.PayloadHash != record.PayloadHash || known.Ended) return AppendResult.Fenced;

        var last = await log.FindLastEntryAsync(sandbox, record.Id, cancellationToken);
        var at = last?.LastSeq ?? 0;
        if (at > lastSeq) return AppendResult.Fenced;
        if (last is not null && ring.EndingAt(at) is { } ours && !IsSame(last, ours)) return AppendResult.Fenced;
        var missing = at < lastSeq ? ring.EntriesAfter(at) : [];
        if (missing is null)
        {
            _logSeq = at;
            return AppendResult.Behind;
        }

        foreach (var entry in missing)
        {
            var outcome = await log.AppendAsync(
                sandbox, record.Id, new LogAppend(at, readers.KeepFrom, entry.Batch, entry.Frame, entry.Ending, open), cancellationToken);
            if (outcome.Result is not AppendResult.Done) return outcome.Result;
            at = entry.Batch.LastSeq;
        }

        _logSeq = lastSeq;
        return AppendResult.Done;
    }

    private async Task<AppendResult> AdoptEndAsync(CancellationToken cancellationToken)
    {
        _pending = null;
        if (await log.FindRunAsync(sandbox, events.Record.Id, cancellationToken) is { Ended: true } record) events.AdoptEnd(record);
        return AppendResult.Ended;
    }

    private static bool IsSame(LogEntry? stored, RingEntry ours) => stored?.LastSeq == ours.Batch.LastSeq && stored.Utf8.AsSpan().SequenceEqual(ours.Batch.Utf8);

    private async Task<long> ReadLogSeqAsync(CancellationToken cancellationToken) =>
        (await log.FindBoundsAsync(sandbox, events.Record.Id, cancellationToken))?.LastSeq ?? 0;
}
