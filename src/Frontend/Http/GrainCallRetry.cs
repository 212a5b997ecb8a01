using Podflare.Files;
using Podflare.Resilience;

namespace Podflare.Http;

/// <summary>Retries grain calls that are safe to repeat.</summary>
internal static class GrainCallRetry
{
    private const int MaxAttempts = 3;
    private static readonly TimeSpan Pause = TimeSpan.FromMilliseconds(250);

    /// <summary>Whether the same call may succeed if it is retried.</summary>
    public static bool IsTransient(Exception e) => e is FileTransferLostException || Transient.IsTransient(e);

    /// <summary>Retries temporary failures until the deadline, and then throws the last one.</summary>
    public static async Task<T> RetryUntilAsync<T>(Func<CancellationToken, Task<T>> call, TimeLimit deadline)
    {
        Exception? last = null;
        try
        {
            while (true)
            {
                try
                {
                    return await call(deadline.Token).WaitAsync(deadline.Token);
                }
                catch (Exception e) when (IsTransient(e))
                {
                    last = e;
                }

                await Task.Delay(Pause, deadline.Time, deadline.Token);
            }
        }
        catch (OperationCanceledException) when (deadline.IsExceeded)
        {
            throw last ?? new SandboxUnreachableException();
        }
    }

    /// <summary>Retries a call a few times when its silo was lost.</summary>
    public static async Task<T> RetryLostAsync<T>(Func<Task<T>> call, TimeProvider time, CancellationToken cancellationToken)
    {
        for (var tries = 1; ; tries++)
        {
            try
            {
                return await call().WaitAsync(cancellationToken);
            }
            catch (Exception e) when (Transient.IsLostCall(e) && tries < MaxAttempts)
            {
                await Task.Delay(Pause, time, cancellationToken);
            }
        }
    }

    /// <inheritdoc cref="RetryLostAsync{T}"/>
    public static Task RetryLostAsync(Func<Task> call, TimeProvider time, CancellationToken cancellationToken) =>
        RetryLostAsync(
            async () =>
            {
                await call();
                return true;
            },
            time,
            cancellationToken);
}
