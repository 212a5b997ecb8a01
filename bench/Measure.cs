using System.Diagnostics;

namespace Podflare.Bench;

/// <summary>Sorted durations in milliseconds.</summary>
internal sealed class Sample(IEnumerable<double> milliseconds)
{
    private readonly double[] _sorted = [.. milliseconds.Order()];

    public int Count => _sorted.Length;

    public IReadOnlyList<double> Sorted => _sorted;

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

    /// <summary>Measures two acts in alternate rounds, so that whatever else the machine does meanwhile hits both alike.</summary>
    public static async Task<(Sample Floor, Sample Act)> InTurnAsync(int rounds, int timesPerRound, Func<Task> floor, Func<Task> act, int warmUp)
    {
        await RepeatAsync(0, floor, warmUp);
        await RepeatAsync(0, act, warmUp);
        var (floors, acts) = (new List<double>(), new List<double>());
        for (var round = 0; round < rounds; round++)
        {
            floors.AddRange((await RepeatAsync(timesPerRound, floor, warmUp: 0)).Sorted);
            acts.AddRange((await RepeatAsync(timesPerRound, act, warmUp: 0)).Sorted);
        }

        return (new Sample(floors), new Sample(acts));
    }

    /// <summary>The same with a floor that measures itself; one that has been warmed up.</summary>
    public static async Task<(Sample Floor, Sample Act)> InTurnAsync(int rounds, int timesPerRound, Func<int, Task<Sample>> floor, Func<Task> act)
    {
        var (floors, acts) = (new List<double>(), new List<double>());
        for (var round = 0; round < rounds; round++)
        {
            floors.AddRange((await floor(timesPerRound)).Sorted);
            acts.AddRange((await RepeatAsync(timesPerRound, act, warmUp: 0)).Sorted);
        }

        return (new Sample(floors), new Sample(acts));
    }
}
