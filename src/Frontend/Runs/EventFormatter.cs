using System.Buffers;
using Podflare.Streaming;

namespace Podflare.Runs;

/// <summary>A format in which stored events are sent. One instance serves one response.</summary>
internal abstract class EventFormatter
{
    public const string Ndjson = "application/x-ndjson";
    public const string EventStream = "text/event-stream; charset=utf-8";

    public virtual string ContentType => Ndjson;

    /// <summary>What is sent when there is no event for a while.</summary>
    public virtual ReadOnlySpan<byte> Heartbeat => "\n"u8;

    /// <summary>Writes a batch. The last batch of a run has its exit.</summary>
    public abstract void Write(EventBatch batch, IBufferWriter<byte> to);

    /// <summary>Writes what is held back. Called when the response ends before the exit of the run.</summary>
    public virtual void Complete(IBufferWriter<byte> to)
    {
    }

    /// <summary>A line of a batch, with its newline.</summary>
    protected static ReadOnlySpan<byte> Line(EventBatch batch, int index)
    {
        var start = index == 0 ? 0 : batch.Ends[index - 1];
        return batch.Utf8.AsSpan(start, batch.Ends[index] - start);
    }
}
