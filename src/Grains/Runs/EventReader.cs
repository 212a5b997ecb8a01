namespace Podflare.Runs;

/// <summary>
/// How far one reader of a run has come. While it moves, the log keeps what it has not been sent; disposing it ends the reader, but not
/// its hold on the log before its patience is over. For the run's grain only.
/// </summary>
public sealed class EventReader : IDisposable
{
    private readonly RunEvents _events;

    internal EventReader(RunEvents events, long seq, long now) => (_events, Seq, MovedAt) = (events, seq, now);

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
        _events.OnReaderMoved(this);
    }

    public void Dispose()
    {
        if (Gone) return;
        Gone = true;
        _events.OnReaderGone();
    }
}
