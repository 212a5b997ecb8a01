using Podflare.Streaming;

namespace Podflare.Runs;

internal static class EventBatchExtensions
{
    /// <summary>The part of a batch up to and including <paramref name="seq"/>.</summary>
    public static EventBatch UpTo(this EventBatch batch, long seq)
    {
        if (batch.LastSeq <= seq || batch.FirstSeq > seq) return batch;
        var count = (int)(seq - batch.FirstSeq) + 1;
        return new EventBatch(batch.FirstSeq, batch.Utf8[..batch.Ends[count - 1]], batch.Ends[..count], HasExit: false);
    }
}
