using System.Diagnostics;

namespace Podflare.Bench;

/// <summary>Sorted durations in milliseconds.</summary>
internal sealed class Sample(IEnumerable<double> milliseconds)
{
    private readonly double[] _sorted = [.. milliseconds.Order()];

    public int Count => _sorted.Length;

    public double At(double quantile) => _sorted[Math.Min(_sorted.Length - 1, (int)(quantile * _sorted.Length))];
}

internal static class Measure
{
    public static async Task<Sample> RepeatAsync(int times, Func<Task> act, int warmUp = 50)
    {
        for (var i = 0; i < warmUp; i++) await act();
        var took = new double[times];
        for (var i = 0; i < times; i++)
        {
            var began = Stopwatch.GetTimestamp();
            await act();
            took[i] = Stopwatch.GetElapsedTime(began).TotalMilliseconds;
        }

        return new Sample(took);
    }
}
