namespace Podflare.Traffic;

/// <summary>
/// Counts of durations by their length, so that those of several hosts can be added. Each bucket is about 1.4 times as long as the one before, so
/// a quantile is right within a sixth.
/// </summary>
public static class Durations
{
    /// <summary>The number of buckets. The last one has all above 20 minutes.</summary>
    public const int Buckets = 44;

    private const double ShortestMilliseconds = 0.5;
    private const double PerDoubling = 2;

    /// <summary>The bucket of a duration.</summary>
    public static int BucketOf(TimeSpan duration)
    {
        var ratio = duration.TotalMilliseconds / ShortestMilliseconds;
        return ratio <= 1 ? 0 : Math.Min(Buckets - 1, (int)Math.Ceiling(Math.Log2(ratio) * PerDoubling));
    }

    /// <summary>A quantile in milliseconds; null where nothing was counted.</summary>
    /// <param name="counts">One number for each bucket.</param>
    /// <param name="quantile">From 0 to 1.</param>
    public static double? Quantile(ReadOnlySpan<int> counts, double quantile)
    {
        long total = 0;
        foreach (var count in counts) total += count;
        if (total == 0) return null;
        var rank = quantile * total;
        long before = 0;
        for (var bucket = 0; bucket < counts.Length; bucket++)
        {
            if (counts[bucket] > 0 && before + counts[bucket] >= rank)
            {
                var part = (rank - before) / counts[bucket];
                return bucket == 0 ? ShortestMilliseconds * part : ShortestMilliseconds * Math.Pow(2, (bucket - 1 + part) / PerDoubling);
            }

            before += counts[bucket];
        }

        return null;
    }
}
