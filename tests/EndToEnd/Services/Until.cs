using System.Diagnostics;

namespace Podflare.EndToEnd.Services;

/// <summary>Waits for a condition with a limit, instead of sleeping for a guess.</summary>
internal static class Until
{
    private static readonly TimeSpan Pause = TimeSpan.FromMilliseconds(25);

    public static async Task TrueAsync(Func<Task<bool>> condition, TimeSpan limit, string what)
    {
        var began = Stopwatch.GetTimestamp();
        while (!await condition())
        {
            if (Stopwatch.GetElapsedTime(began) > limit) throw new TimeoutException($"Not within {limit.TotalSeconds:0} s: {what}");
            await Task.Delay(Pause, TimeProvider.System, TestContext.Current.CancellationToken);
        }
    }
}
