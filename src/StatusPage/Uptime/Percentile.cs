namespace Podflare.Uptime;

internal static class Percentile
{
    /// <summary>Returns the nearest-rank percentile, which is always one of the measured values.</summary>
    /// <param name="values">At least one value.</param>
    /// <param name="share">From 0 to 1; 0.95 is the 95th percentile.</param>
    public static double NearestRank(IEnumerable<double> values, double share)
    {
        var sorted = values.Order().ToArray();
        return sorted[Math.Max(0, (int)Math.Ceiling(share * sorted.Length) - 1)];
    }
}
