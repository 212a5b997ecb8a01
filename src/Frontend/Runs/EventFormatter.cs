using System.Buffers;
using Podflare.Streaming;

namespace Podflare.Runs;

/// <summary>A form in which stored events are sent. One instance serves one response.</summary>
internal abstract class EventFormatter
{
    public const string Ndjson = "application/x-ndjson";
    public const string EventStream = "text/event-stream; charset=utf-8";

    public virtual string ContentType => Ndjson;

    /// <summary>What a silence is filled with.</summary>
    public virtual ReadOnlySpan<byte> Heartbeat => "\n"u8;

    /// <summary>Sends a batch. The last one of a run carries its exit.</summary>
    public abstract void Write(EventBatch batch, IBufferWriter<byte> to);

    /// <summary>Sends what is held back, where the reader goes before the run has ended.</summary>
    public virtual void Complete(IBufferWriter<byte> to)
    {
    }

    /// <summary>The lines of a batch, each with its newline.</summary>
    protected static ReadOnlySpan<byte> Line(EventBatch batch, int index)
    {
        var start = index == 0 ? 0 : batch.Ends[index - 1];
        return batch.Utf8.AsSpan(start, batch.Ends[index] - start);
    }
}
