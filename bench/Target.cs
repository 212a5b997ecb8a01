namespace Podflare.Bench;

/// <summary>What a row has to reach.</summary>
/// <param name="Text">As it is printed.</param>
/// <param name="Value">What counts of a row, from its sample and its floor's.</param>
/// <param name="Most">The most that this may be.</param>
internal sealed record Target(string Text, Func<Sample, Sample?, double> Value, double Most)
{
    public static Target P50(double milliseconds) => new($"p50 ≤ {milliseconds} ms", (sample, _) => sample.At(0.5), milliseconds);

    public static Target P95(double milliseconds) => new($"p95 ≤ {milliseconds} ms", (sample, _) => sample.At(0.95), milliseconds);

    public static Target P99(double milliseconds) => new($"p99 ≤ {milliseconds} ms", (sample, _) => sample.At(0.99), milliseconds);

    /// <summary>The median is at most so many times the floor's.</summary>
    public static Target Ratio(double times) => new($"≤ {times} × floor", (sample, floor) => sample.At(0.5) / floor!.At(0.5), times);

    public bool IsMet(Sample sample, Sample? floor) => Value(sample, floor) <= Most;
}
