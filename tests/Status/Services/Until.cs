namespace Podflare.Status.Services;

internal static class Until
{
    private static readonly TimeSpan Step = TimeSpan.FromMilliseconds(50);

    /// <summary>Waits for a condition, with a limit in seconds.</summary>
    public static Task TrueAsync(Func<Task<bool>> condition, double seconds, string what) =>
        ValueAsync(async () => await condition() ? "yes" : null, seconds, what);

    public static async Task<T> ValueAsync<T>(Func<Task<T?>> get, double seconds, string what) where T : class
    {
        var began = TimeProvider.System.GetTimestamp();
        while (true)
        {
            if (await get() is { } value) return value;
            if (TimeProvider.System.GetElapsedTime(began).TotalSeconds > seconds) throw new TimeoutException($"After {seconds} s it is not so that {what}.");
            await Task.Delay(Step, TimeProvider.System);
        }
    }
}
