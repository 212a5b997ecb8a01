namespace Podflare.Runs;

/// <summary>The spans of one run in the memory log. Guarded by the log's lock.</summary>
internal sealed class MemorySpans
{
    private readonly List<byte[]> _batches = [];
    private long _last;
    private long _dropped;

    public long Bytes { get; private set; }

    public KeptSpans Read() => new([.. _batches], _dropped);

    /// <param name="hasRoom">The log has room for them.</param>
    public SpansOutcome Add(SpanBatch batch, int limit, Func<bool> hasRoom)
    {
        if (batch.Number <= _last) return SpansOutcome.Known;
        _last = batch.Number;
        _dropped += batch.Dropped;
        if (batch.Otlp.Length == 0) return SpansOutcome.Kept;
        if (Bytes + batch.Otlp.Length > limit || !hasRoom())
        {
            _dropped += batch.Spans;
            return SpansOutcome.NoRoom;
        }

        _batches.Add(batch.Otlp);
        Bytes += batch.Otlp.Length;
        return SpansOutcome.Kept;
    }

    /// <returns>The bytes that this freed.</returns>
    public long Clear()
    {
        var freed = Bytes;
        _batches.Clear();
        Bytes = 0;
        return freed;
    }
}
