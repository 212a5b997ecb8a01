using Podflare.Streaming;

namespace Podflare.Runs;

/// <summary>One run in the memory log. Guarded by the log's lock.</summary>
internal sealed class MemoryRun(MemorySandbox sandbox, RunRecord record)
{
    public MemorySandbox Sandbox { get; } = sandbox;

    public RunRecord Record { get; set; } = record;

    /// <summary>Oldest first; an open run that has ever had one keeps at least one, since it is the fence.</summary>
    public Queue<RingEntry> Entries { get; } = new();

    public RingEntry? Last { get; private set; }

    public long Bytes { get; private set; }

    /// <summary>Bytes of all batches ever, also of those that were dropped.</summary>
    public long TotalBytes { get; private set; }

    /// <summary>The spans of its programs.</summary>
    public MemorySpans Spans { get; } = new();

    public DateTimeOffset EndedAt { get; set; }

    /// <summary>It has ended, and its events are gone: it no longer counts towards a budget.</summary>
    public bool Released { get; set; }

    public void Add(EventBatch batch, ulong frame, RunEnding? ending)
    {
        Last = new RingEntry(batch, frame, ending);
        Entries.Enqueue(Last);
        Bytes += batch.Utf8.Length;
        TotalBytes += batch.Utf8.Length;
    }

    /// <returns>The bytes that this freed.</returns>
    public long DropOldest()
    {
        var freed = Entries.Dequeue().Batch.Utf8.Length;
        Bytes -= freed;
        if (Entries.Count == 0) Last = null;
        return freed;
    }
}
