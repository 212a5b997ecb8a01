using Podflare.Telemetry;

namespace Podflare.Runs;

/// <summary>
/// The readers of one run, and the room that its log has because of them: while the log is over its limit, the oldest events stay until
/// every reader that makes progress has been sent them. For the run's grain only, so without locks.
/// </summary>
internal sealed class ReaderBackpressure
{
    private readonly RunOptions _options;
    private readonly TimeProvider _time;
    private readonly LogExtent _extent;
    private readonly List<EventReader> _readers = [];
    private TaskCompletionSource? _readerMoved;
    private long _unreadSince;

    public ReaderBackpressure(RunOptions options, TimeProvider time)
    {
        (_options, _time) = (options, time);
        _extent = new LogExtent(Math.Max(64 * 1024, options.MaxLogBytes / 1024));
        _unreadSince = time.GetTimestamp();
    }

    /// <summary>Older events may leave the log.</summary>
    public long KeepFrom { get; private set; }

    /// <summary>Rendered bytes that the log holds.</summary>
    public long LogBytes => _extent.Bytes;

    /// <summary>The log of the sandbox is over its budget: this run's part of it must not grow any more.</summary>
    public bool IsOverBudget { get; set; }

    /// <summary>For how long the run has had no reader, or since it was opened when it never had one; null while it has one.</summary>
    public TimeSpan? UnreadFor => Readers > 0 ? null : _time.GetElapsedTime(_unreadSince);

    /// <summary>Readers that are connected.</summary>
    public int Readers { get; private set; }

    /// <summary>Readers that are connected, and those that left a moment ago and whose place is kept.</summary>
    public int Remembered => _readers.Count;

    private TimeSpan Patience => TimeSpan.FromSeconds(_options.ReaderPatienceSeconds);

    /// <summary>What the log held before this activation: one block, which can only leave as a whole.</summary>
    public void AddExisting(LogBounds bounds)
    {
        _extent.Add(bounds.LastSeq, bounds.Bytes);
        _extent.Close(bounds.LastSeq);
    }

    /// <summary>A batch was published. A reader that had everything before it did not stand still: there was nothing to send.</summary>
    /// <param name="before">The last event before the batch.</param>
    public void OnPublished(long before, long lastSeq, int bytes)
    {
        _extent.Add(lastSeq, bytes);
        var now = _readers.Count > 0 ? _time.GetTimestamp() : 0;
        foreach (var reader in _readers)
        {
            if (!reader.Gone && reader.Seq >= before) reader.MovedAt = now;
        }
    }

    /// <summary>Registers a reader that has everything up to <paramref name="afterSeq"/>. It counts until it is disposed.</summary>
    public EventReader AddReader(long afterSeq)
    {
        Prune();
        var reader = new EventReader(this, afterSeq, _time.GetTimestamp());
        _readers.Add(reader);
        Readers++;
        return reader;
    }

    public void OnReaderMoved(EventReader reader)
    {
        reader.MovedAt = _time.GetTimestamp();
        var moved = _readerMoved;
        _readerMoved = null;
        moved?.TrySetResult();
    }

    public void OnReaderGone()
    {
        if (--Readers == 0) _unreadSince = _time.GetTimestamp();
    }

    /// <summary>
    /// Makes room for <paramref name="bytes"/>: the oldest blocks may leave the log. Where a reader that makes progress still needs the
    /// oldest block, this waits for it, or leaves the log over its limit when <paramref name="wait"/> is false.
    /// </summary>
    public async Task MakeRoomAsync(long bytes, bool wait, CancellationToken cancellationToken)
    {
        var limit = IsOverBudget ? Math.Min(_extent.Bytes, _options.MaxLogBytes) : _options.MaxLogBytes;
        while (_extent.Bytes + bytes > limit && _extent.OldestBlock is { } block)
        {
            if (HeldFor(block) is not { } patience)
            {
                _extent.DropOldest();
                Instruments.Evicted.Add(block + 1 - Math.Max(KeepFrom, 1));
                KeepFrom = block + 1;
                continue;
            }

            if (!wait) return;
            _readerMoved ??= new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
            try
            {
                await _readerMoved.Task.WaitAsync(patience, _time, cancellationToken);
            }
            catch (TimeoutException)
            {
                // The reader made no progress for too long: the loop above no longer waits for it.
            }
        }
    }

    /// <summary>How long a reader may still hold the events up to <paramref name="block"/>; null when none does.</summary>
    private TimeSpan? HeldFor(long block)
    {
        Prune();
        TimeSpan? longest = null;
        foreach (var reader in _readers)
        {
            if (reader.Seq >= block) continue;
            var left = Patience - _time.GetElapsedTime(reader.MovedAt);
            if (left > TimeSpan.Zero && left > (longest ?? TimeSpan.Zero)) longest = left;
        }

        return longest;
    }

    /// <summary>Forgets readers that left long ago, and the oldest of those that left a moment ago when there are many.</summary>
    private void Prune()
    {
        _readers.RemoveAll(reader => reader.Gone && _time.GetElapsedTime(reader.MovedAt) >= Patience);
        var gone = _readers.Count - Readers;
        if (gone <= _options.MaxReaders) return;
        var surplus = gone - _options.MaxReaders;
        _readers.RemoveAll(reader => reader.Gone && surplus-- > 0);
    }
}
