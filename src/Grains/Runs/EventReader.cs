namespace Podflare.Runs;

/// <summary>
/// The position of one reader of a run. While it makes progress, the log keeps what it has not been sent. A disposed reader keeps its
/// place for <see cref="RunOptions.ReaderPatienceSeconds"/>. For the run's grain only.
/// </summary>
public sealed class EventReader : IDisposable
{
    private readonly ReaderBackpressure _readers;

    internal EventReader(ReaderBackpressure readers, long seq, long now) => (_readers, Seq, MovedAt) = (readers, seq, now);

    /// <summary>The last event that it has been sent.</summary>
    public long Seq { get; private set; }

    /// <summary>Timestamp of its last progress, or of the moment at which there was something new for it again.</summary>
    internal long MovedAt { get; set; }

    internal bool Gone { get; private set; }

    /// <summary>The reader has been sent everything up to <paramref name="seq"/>.</summary>
    public void Moved(long seq)
    {
        if (seq <= Seq || Gone) return;
        Seq = seq;
        _readers.OnReaderMoved(this);
    }

    public void Dispose()
    {
        if (Gone) return;
        Gone = true;
        _readers.OnReaderGone();
    }
}
