namespace Podflare.Runs;

/// <summary>
/// How many rendered bytes the log holds of one run, and where it could be cut: checkpoints at least <paramref name="granularity"/>
/// bytes apart, so that a long run costs little memory.
/// </summary>
internal sealed class LogExtent(long granularity)
{
    private readonly Queue<(long LastSeq, long Bytes)> _blocks = new();
    private long _openBytes;

    /// <summary>Rendered bytes held, as far as we know.</summary>
    public long Bytes { get; private set; }

    /// <summary>The last event of the oldest block that could go; null when there is none.</summary>
    public long? OldestBlock => _blocks.TryPeek(out var block) ? block.LastSeq : null;

    public void Add(long lastSeq, long bytes)
    {
        Bytes += bytes;
        _openBytes += bytes;
        if (_openBytes >= granularity) Close(lastSeq);
    }

    /// <summary>Ends the open block, whatever its size: what a log held before this writer came is one block.</summary>
    public void Close(long lastSeq)
    {
        if (_openBytes == 0) return;
        _blocks.Enqueue((lastSeq, _openBytes));
        _openBytes = 0;
    }

    public void DropOldest() => Bytes -= _blocks.Dequeue().Bytes;
}
