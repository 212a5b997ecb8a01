using System.Buffers;
using Podflare.Streaming;

namespace Podflare.Runs;

/// <summary>A form in which stored events are sent. One instance serves one response.</summary>
internal abstract class EventFormat
{
    public const string Ndjson = "application/x-ndjson";
    public const string EventStream = "text/event-stream; charset=utf-8";

    public virtual string ContentType => Ndjson;

    /// <summary>What a silence is filled with.</summary>
    public virtual ReadOnlySpan<byte> Filler => "\n"u8;

    /// <summary>Sends a batch. The last one of a run carries its exit.</summary>
    public abstract void Write(EventBatch batch, IBufferWriter<byte> to);

    /// <summary>Sends what is held back, where the reader goes before the run has ended.</summary>
    public virtual void Finish(IBufferWriter<byte> to)
    {
    }

    /// <summary>The lines of a batch, each with its newline.</summary>
    protected static ReadOnlySpan<byte> Line(EventBatch batch, int index)
    {
        var start = index == 0 ? 0 : batch.Ends[index - 1];
        return batch.Utf8.AsSpan(start, batch.Ends[index] - start);
    }
}

internal static class BatchCut
{
    /// <summary>The part up to and including <paramref name="seq"/>.</summary>
    public static EventBatch UpTo(this EventBatch batch, long seq)
    {
        if (batch.LastSeq <= seq || batch.FirstSeq > seq) return batch;
        var count = (int)(seq - batch.FirstSeq) + 1;
        return new EventBatch(batch.FirstSeq, batch.Utf8[..batch.Ends[count - 1]], batch.Ends[..count], HasExit: false);
    }
}
