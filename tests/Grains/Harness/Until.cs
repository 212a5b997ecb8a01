using System.Runtime.CompilerServices;

namespace Podflare.Harness;

/// <summary>Waits for a condition instead of for a time.</summary>
public static class Until
{
    private static readonly TimeSpan Pause = TimeSpan.FromMilliseconds(5);
    private static readonly TimeSpan DefaultLimit = TimeSpan.FromSeconds(20);

    /// <exception cref="TimeoutException">The condition was not met within the limit of real time; the text repeats the condition.</exception>
    public static Task TrueAsync(Func<bool> condition, TimeSpan? limit = null, [CallerArgumentExpression(nameof(condition))] string text = "") =>
        TrueAsync(() => Task.FromResult(condition()), limit, text);

    /// <inheritdoc cref="TrueAsync(Func{bool}, TimeSpan?, string)"/>
    public static async Task TrueAsync(Func<Task<bool>> condition, TimeSpan? limit = null, [CallerArgumentExpression(nameof(condition))] string text = "")
    {
        var start = TimeProvider.System.GetTimestamp();
        while (!await condition())
        {
            if (TimeProvider.System.GetElapsedTime(start) > (limit ?? DefaultLimit)) throw new TimeoutException($"Not met in time: {text}");
            await Task.Delay(Pause, TimeProvider.System, TestContext.Current.CancellationToken);
        }
    }

    /// <summary>Repeats assertions until they hold.</summary>
    public static async Task HoldsAsync(Func<Task> assertions, TimeSpan? limit = null)
    {
        var start = TimeProvider.System.GetTimestamp();
        while (true)
        {
            try
            {
                await assertions();
                return;
            }
            catch (Exception) when (TimeProvider.System.GetElapsedTime(start) < (limit ?? DefaultLimit))
            {
                await Task.Delay(Pause, TimeProvider.System, TestContext.Current.CancellationToken);
            }
        }
    }
}
