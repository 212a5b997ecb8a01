using Orleans.Runtime;
using Orleans.Runtime.Messaging;

namespace Podflare.Harness;

/// <summary>Repeats calls as frontends do: while a silo, the guest or the store does not answer.</summary>
public static class Patience
{
    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(20);
    private static readonly TimeSpan Pause = TimeSpan.FromMilliseconds(20);

    /// <param name="evenWithoutCapacity">Whether a host that has no room, or is not known yet, is waited for too.</param>
    public static async Task<T> CallAsync<T>(Func<Task<T>> call, bool evenWithoutCapacity = false)
    {
        var start = TimeProvider.System.GetTimestamp();
        while (true)
        {
            try
            {
                return await call();
            }
            catch (Exception e) when ((IsTransient(e) || (evenWithoutCapacity && e is NoCapacityException)) && TimeProvider.System.GetElapsedTime(start) < Limit)
            {
                await Task.Delay(Pause, TimeProvider.System, TestContext.Current.CancellationToken);
            }
        }
    }

    public static Task CallAsync(Func<Task> call) => CallAsync(async () =>
    {
        await call();
        return true;
    });

    private static bool IsTransient(Exception e) =>
        e is SandboxUnreachableException or StorageUnavailableException or ShuttingDownException or OrleansException or TimeoutException or ConnectionFailedException;
}
