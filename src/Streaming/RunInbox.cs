using Podflare.Runs;

namespace Podflare.Streaming;

/// <summary>Why a reader has to subscribe again; <see cref="None"/> while its subscription holds.</summary>
internal enum InboxBreak
{
    None,

    /// <summary>There was no room for a batch for too long. The producer was told so.</summary>
    Full,

    /// <summary>The producer goes away.</summary>
    Moved,

    /// <summary>A silo was lost, perhaps the producer's.</summary>
    SiloLost,

    /// <summary>Nothing was heard for too long.</summary>
    Silent,
}

/// <summary>
/// Where one reader's batches arrive: bounded, in order, each event once. <see cref="Deliver"/> never waits for the reader's own output,
/// only some seconds for room. Thread-safe.
/// </summary>
internal sealed class RunInbox(long afterSeq, RunReaderOptions options, TimeProvider time) : IRunSubscriber
{
    private readonly Lock _lock = new();
    private readonly Queue<EventBatch> _batches = new();
    private TaskCompletionSource? _room;
    private TaskCompletionSource? _arrived;
    private long _bytes;
    private long _received = afterSeq;
    private long _heardAt = time.GetTimestamp();
    private bool _hasExit;
    private bool _closed;
    private InboxBreak _break;

    /// <summary>The last event that has arrived: where to subscribe again.</summary>
    public long Received
    {
        get { lock (_lock) return _received; }
    }

    /// <summary>The exit has arrived: no producer has anything more to say.</summary>
    public bool HasExit
    {
        get { lock (_lock) return _hasExit; }
    }

    /// <summary>Rendered bytes that wait to be taken.</summary>
    public long Bytes
    {
        get { lock (_lock) return _bytes; }
    }

    public async Task<bool> Deliver(EventBatch batch)
    {
        var start = time.GetTimestamp();
        TaskCompletionSource? arrived;
        for (; ; )
        {
            Task room;
            lock (_lock)
            {
                _heardAt = time.GetTimestamp();
                if (_closed || _hasExit) return false;
                if (batch.FirstSeq < 0)
                {
                    BreakLocked(InboxBreak.Moved);
                    return false;
                }

                if (Fresh(batch) is not { } fresh) return true;
                if (fresh.FirstSeq > _received + 1)
                {
                    // A batch before this one never came: only the log can tell what it was.
                    BreakLocked(InboxBreak.Moved);
                    return false;
                }

                if (HasRoom(fresh))
                {
                    arrived = Enqueue(fresh);
                    break;
                }

                if (time.GetElapsedTime(start) >= Room)
                {
                    BreakLocked(InboxBreak.Full);
                    return false;
                }

                _room ??= new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
                room = _room.Task;
            }

            try
            {
                await room.WaitAsync(Room - time.GetElapsedTime(start) is var left && left > TimeSpan.Zero ? left : TimeSpan.Zero, time);
            }
            catch (TimeoutException)
            {
                // Looked at once more above.
            }
        }

        // Who waits for it goes on here, up to its first wait: one wake-up less between the program and its reader.
        arrived?.TrySetResult();
        return true;
    }

    /// <summary>The next batch; null when everything that had arrived is taken and the subscription is broken (<paramref name="why"/> says how).</summary>
    public async ValueTask<(EventBatch? Batch, InboxBreak Why)> TakeAsync(CancellationToken cancellationToken)
    {
        for (; ; )
        {
            Task arrived;
            TimeSpan quiet;
            lock (_lock)
            {
                if (_batches.TryDequeue(out var batch))
                {
                    _bytes -= batch.Utf8.Length;
                    _room?.TrySetResult();
                    _room = null;
                    return (batch, InboxBreak.None);
                }

                if (_break is not InboxBreak.None) return (null, _break);
                quiet = TimeSpan.FromSeconds(options.SilenceSeconds) - time.GetElapsedTime(_heardAt);
                if (quiet <= TimeSpan.Zero) return (null, InboxBreak.Silent);
                _arrived ??= new TaskCompletionSource();
                arrived = _arrived.Task;
            }

            try
            {
                await arrived.WaitAsync(quiet, time, cancellationToken);
            }
            catch (TimeoutException)
            {
                // A heartbeat may have come meanwhile: looked at once more above.
            }
        }
    }

    /// <summary>A new subscription is about to be made: forgets why the last one broke.</summary>
    public void Reopen()
    {
        lock (_lock) _break = InboxBreak.None;
    }

    /// <summary>The producer has answered.</summary>
    public void Heard()
    {
        lock (_lock) _heardAt = time.GetTimestamp();
    }

    public void Break(InboxBreak why)
    {
        lock (_lock) BreakLocked(why);
    }

    /// <summary>Takes nothing any more; a producer that waits for room is told at once.</summary>
    public void Close()
    {
        lock (_lock)
        {
            _closed = true;
            _batches.Clear();
            _room?.TrySetResult();
        }
    }

    private TimeSpan Room => TimeSpan.FromSeconds(options.RoomSeconds);

    /// <summary>What of the batch has not arrived before. An exit always counts: a reader behind the end gets it again.</summary>
    private EventBatch? Fresh(EventBatch batch)
    {
        if (batch.Ends.Length == 0) return null;
        if (batch.LastSeq > _received) return batch.After(_received);
        return batch.HasExit ? EventBatches.Slice(batch, batch.LastSeq - 1, int.MaxValue) : null;
    }

    private bool HasRoom(EventBatch batch) =>
        _batches.Count == 0 || (_batches.Count < options.BufferBatches && _bytes + batch.Utf8.Length <= options.BufferBytes);

    /// <returns>What is to be completed outside the lock.</returns>
    private TaskCompletionSource? Enqueue(EventBatch batch)
    {
        _batches.Enqueue(batch);
        _bytes += batch.Utf8.Length;
        _received = Math.Max(_received, batch.LastSeq);
        _hasExit = batch.HasExit;
        var arrived = _arrived;
        _arrived = null;
        return arrived;
    }

    private void BreakLocked(InboxBreak why)
    {
        if (_break is InboxBreak.None) _break = why;
        if (_arrived is not { } arrived) return;
        _arrived = null;
        // Its continuation must not run under the lock.
        ThreadPool.UnsafeQueueUserWorkItem(static waiting => waiting.TrySetResult(), arrived, preferLocal: false);
    }
}
