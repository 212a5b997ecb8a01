namespace Podflare.Streaming;

/// <summary>Consecutive events of one run as whole NDJSON lines, rendered once and never changed.</summary>
/// <param name="FirstSeq">The <c>seq</c> of the first line; 0 for <see cref="Heartbeat"/>, -1 for <see cref="Moved"/>.</param>
/// <param name="Utf8">The lines, each with its newline.</param>
/// <param name="Ends">Where each line ends in <paramref name="Utf8"/>, exclusive.</param>
/// <param name="HasExit">The last line is the run's <c>exit</c>.</param>
[GenerateSerializer, Immutable, Alias("podflare.EventBatch")]
public sealed record EventBatch(
    [property: Id(0)] long FirstSeq,
    [property: Id(1)] byte[] Utf8,
    [property: Id(2)] int[] Ends,
    [property: Id(3)] bool HasExit)
{
    /// <summary>Says that the producer lives and has nothing new.</summary>
    public static readonly EventBatch Heartbeat = new(0, [], [], false);

    /// <summary>Says that the producer goes away: subscribe again.</summary>
    public static readonly EventBatch Moved = new(-1, [], [], false);

    public long LastSeq => FirstSeq + Ends.Length - 1;

    /// <summary>The part after <paramref name="seq"/>, which must lie before <see cref="LastSeq"/>.</summary>
    public EventBatch After(long seq)
    {
        if (seq < FirstSeq) return this;
        var skip = (int)(seq - FirstSeq) + 1;
        var start = Ends[skip - 1];
        return new EventBatch(seq + 1, Utf8[start..], [.. Ends.Skip(skip).Select(end => end - start)], HasExit);
    }
}
