
namespace Podflare.Streaming;

/// <summary>Cuts and joins batches. Events are ASCII with escaped newlines, so a raw newline always ends a line.</summary>
internal static class EventBatches
{
    private static ReadOnlySpan<byte> ExitPrefix => "{\"type\":\"exit\""u8;

    /// <summary>The batch that was stored as bare lines under its last <c>seq</c>.</summary>
    public static EventBatch FromLines(long lastSeq, byte[] utf8)
    {
        var count = utf8.AsSpan().Count((byte)'\n');
        var ends = new int[count];
        for (int i = 0, at = 0; i < count; i++)
        {
            at += utf8.AsSpan(at).IndexOf((byte)'\n') + 1;
            ends[i] = at;
        }

        var last = utf8.AsSpan(count > 1 ? ends[count - 2] : 0);
        return new EventBatch(lastSeq - count + 1, utf8, ends, last.StartsWith(ExitPrefix));
    }

    /// <summary>The batch's last line with its newline.</summary>
    public static ReadOnlySpan<byte> LastLine(EventBatch batch) =>
        batch.Utf8.AsSpan(batch.Ends.Length > 1 ? batch.Ends[^2] : 0);

    /// <summary>
    /// The events after <paramref name="after"/> as far as they fit into <paramref name="maxBytes"/>, at least one. Null when the batch
    /// has none.
    /// </summary>
    public static EventBatch? Slice(EventBatch batch, long after, int maxBytes)
    {
        if (batch.LastSeq <= after) return null;
        var skip = after < batch.FirstSeq ? 0 : (int)(after - batch.FirstSeq) + 1;
        var start = skip == 0 ? 0 : batch.Ends[skip - 1];
        var limit = (int)Math.Min((long)start + maxBytes, int.MaxValue);
        var fits = Array.BinarySearch(batch.Ends, skip, batch.Ends.Length - skip, limit);
        var stop = Math.Max(fits >= 0 ? fits + 1 : ~fits, skip + 1);
        if (skip == 0 && stop == batch.Ends.Length) return batch;

        var ends = batch.Ends.AsSpan(skip, stop - skip).ToArray();
        for (var i = 0; i < ends.Length; i++) ends[i] -= start;
        return new EventBatch(
            batch.FirstSeq + skip, batch.Utf8.AsSpan(start, batch.Ends[stop - 1] - start).ToArray(), ends, batch.HasExit && stop == batch.Ends.Length);
    }

    /// <summary>Consecutive batches as one.</summary>
    public static EventBatch Join(IReadOnlyList<EventBatch> batches)
    {
        if (batches.Count == 1) return batches[0];
        var utf8 = new byte[batches.Sum(b => b.Utf8.Length)];
        var ends = new int[batches.Sum(b => b.Ends.Length)];
        int at = 0, line = 0;
        foreach (var batch in batches)
        {
            batch.Utf8.CopyTo(utf8, at);
            foreach (var end in batch.Ends) ends[line++] = at + end;
            at += batch.Utf8.Length;
        }

        return new EventBatch(batches[0].FirstSeq, utf8, ends, batches[^1].HasExit);
    }
}
