using Podflare.Telemetry;

namespace Podflare.Runs;

public sealed partial class RunEvents
{
    private readonly List<EventReader> _readers = [];
    private TaskCompletionSource? _readerMoved;
    private DateTimeOffset _unreadSince;
    private long _keepFrom;

    /// <summary>Since when nobody reads (from <see cref="OpenAsync"/> on while nobody ever did); null while somebody does.</summary>
    public DateTimeOffset? UnreadSince => Readers > 0 ? null : _unreadSince;

    /// <summary>Readers under way.</summary>
    public int Readers { get; private set; }

    /// <summary>Readers under way, and those whose place is kept.</summary>
    internal int Remembered => _readers.Count;

    /// <summary>Registers a reader that has everything up to <paramref name="afterSeq"/>. It counts until disposed.</summary>
    public EventReader AddReader(long afterSeq)
    {
        Prune();
        var reader = new EventReader(this, afterSeq, _time.GetTimestamp());
        _readers.Add(reader);
        Readers++;
        return reader;
    }

    internal void OnReaderMoved(EventReader reader)
    {
        reader.MovedAt = _time.GetTimestamp();
        var moved = _readerMoved;
        _readerMoved = null;
        moved?.TrySetResult();
    }

    internal void OnReaderGone()
    {
        if (--Readers == 0) _unreadSince = _time.GetUtcNow();
    }

    /// <summary>A reader that had everything is not still because there was nothing to send it.</summary>
    private void WakeReaders(long before)
    {
        var now = _readers.Count > 0 ? _time.GetTimestamp() : 0;
        foreach (var reader in _readers)
        {
            if (!reader.Gone && reader.Seq >= before) reader.MovedAt = now;
        }
    }

    /// <summary>
    /// Makes room for <paramref name="bytes"/> by letting the oldest blocks go. Where a reader that moves still needs the oldest block, it
    /// waits, or with <paramref name="wait"/> false leaves the log over its limit.
    /// </summary>
    private async Task MakeRoomAsync(long bytes, bool wait, CancellationToken cancellationToken)
    {
        while (_extent.Bytes + bytes > _options.MaxLogBytes && _extent.OldestBlock is { } block)
        {
            if (HeldFor(block) is not { } due)
            {
                _extent.DropOldest();
                Instruments.Evicted.Add(block + 1 - Math.Max(_keepFrom, 1));
                _keepFrom = block + 1;
                continue;
            }

            if (!wait) return;
            _readerMoved ??= new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
            try
            {
                await _readerMoved.Task.WaitAsync(due, _time, cancellationToken);
            }
            catch (TimeoutException)
            {
                // The reader's patience is over: looked at again above.
            }
        }
    }

    /// <summary>For how long a reader may still hold the events up to <paramref name="block"/>; null when none does.</summary>
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

    private TimeSpan Patience => TimeSpan.FromSeconds(_options.ReaderPatienceSeconds);

    /// <summary>Forgets readers that ended long ago, and the oldest of those that ended lately where there are many.</summary>
    private void Prune()
    {
        _readers.RemoveAll(reader => reader.Gone && _time.GetElapsedTime(reader.MovedAt) >= Patience);
        var ended = _readers.Count - Readers;
        if (ended <= _options.MaxReaders) return;
        var surplus = ended - _options.MaxReaders;
        _readers.RemoveAll(reader => reader.Gone && surplus-- > 0);
    }
}
