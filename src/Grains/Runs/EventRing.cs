using Podflare.Streaming;

namespace Podflare.Runs;

/// <summary>The newest appends of one run, consecutive and bounded by bytes; the newest one is always held.</summary>
internal sealed class EventRing(long maxBytes)
{
    // What a batch costs beside its text: objects, array headers, one int per line. Without it, tiny batches would hold many times the limit.
    private const int EntryOverhead = 160;

    private readonly List<RingEntry> _entries = [];
    private int _head;
    private long _bytes;

    /// <summary>What is held, with its overhead.</summary>
    public long Bytes => _bytes;

    /// <summary>The oldest event held; null when there is none.</summary>
    public long? FirstSeq => _head < _entries.Count ? _entries[_head].Batch.FirstSeq : null;

    public void Add(RingEntry entry)
    {
        _entries.Add(entry);
        _bytes += Cost(entry);
        while (_bytes > maxBytes && _head < _entries.Count - 1)
        {
            _bytes -= Cost(_entries[_head]);
            _entries[_head++] = null!;
        }

        if (_head < 32 || _head * 2 < _entries.Count) return;
        _entries.RemoveRange(0, _head);
        _head = 0;
    }

    /// <summary>The events after <paramref name="seq"/> up to <paramref name="maxBytes"/>, at least one; null when they do not all follow on.</summary>
    public EventBatch? ReadAfter(long seq, int maxBytes)
    {
        if (FirstSeq is not { } first || seq + 1 < first) return null;
        var index = Find(seq);
        if (index == _entries.Count) return null;

        var batch = EventBatches.Slice(_entries[index].Batch, seq, maxBytes)!;
        if (batch.LastSeq < _entries[index].Batch.LastSeq) return batch;

        List<EventBatch> parts = [batch];
        var bytes = batch.Utf8.Length;
        for (index++; index < _entries.Count && bytes + _entries[index].Batch.Utf8.Length <= maxBytes; index++)
        {
            parts.Add(_entries[index].Batch);
            bytes += _entries[index].Batch.Utf8.Length;
        }

        return EventBatches.Join(parts);
    }

    /// <summary>The entry whose last event is <paramref name="seq"/>; null when it is not held.</summary>
    public RingEntry? EndingAt(long seq)
    {
        var index = Find(seq - 1);
        return index < _entries.Count && _entries[index].Batch.LastSeq == seq ? _entries[index] : null;
    }

    /// <summary>All entries after <paramref name="seq"/>, without a gap behind it; null when the ring no longer has the first of them.</summary>
    public IReadOnlyList<RingEntry>? EntriesAfter(long seq)
    {
        var index = Find(seq);
        if (index == _entries.Count || _entries[index].Batch.FirstSeq != seq + 1) return null;
        return _entries[index..];
    }

    public void Clear()
    {
        _entries.Clear();
        _entries.TrimExcess();
        (_head, _bytes) = (0, 0);
    }

    private static long Cost(RingEntry entry) => entry.Batch.Utf8.Length + 4L * entry.Batch.Ends.Length + EntryOverhead;

    /// <summary>The index of the first entry that has an event after <paramref name="seq"/>.</summary>
    private int Find(long seq)
    {
        int low = _head, high = _entries.Count;
        while (low < high)
        {
            var middle = (low + high) >>> 1;
            if (_entries[middle].Batch.LastSeq <= seq) low = middle + 1;
            else high = middle;
        }

        return low;
    }
}
