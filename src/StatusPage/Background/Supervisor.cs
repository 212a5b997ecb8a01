using System.Collections.Concurrent;

namespace Podflare.Background;

/// <summary>Runs background loops. A loop that fails is logged, counted, and started again after a delay.</summary>
internal sealed partial class Supervisor(TimeProvider time, ILogger<Supervisor> logger)
{
    private static readonly TimeSpan MinDelay = TimeSpan.FromSeconds(1);
    private static readonly TimeSpan MaxDelay = TimeSpan.FromMinutes(1);

    // A loop that ran for this long before it failed starts again with the shortest delay.
    private static readonly TimeSpan Stable = TimeSpan.FromMinutes(2);

    private readonly ConcurrentDictionary<string, long> _failures = new();
    private readonly ConcurrentDictionary<string, long> _failedAt = new();

    /// <summary>Failures since the process started, by task. The names are a fixed set.</summary>
    public IReadOnlyDictionary<string, long> Failures => _failures;

    /// <summary>Tasks that failed within the last two minutes.</summary>
    public IEnumerable<string> Failing => _failedAt.Where(f => time.GetElapsedTime(f.Value) < Stable).Select(f => f.Key).Order(StringComparer.Ordinal);

    /// <summary>Runs <paramref name="loop"/> until <paramref name="cancellationToken"/> is cancelled.</summary>
    /// <param name="task">A short constant name for logs and metrics.</param>
    /// <param name="loop">Returns only when there is nothing left to do.</param>
    /// <param name="cancellationToken">Ends the loop.</param>
    public async Task RunAsync(string task, Func<CancellationToken, Task> loop, CancellationToken cancellationToken)
    {
        var delay = MinDelay;
        while (true)
        {
            var started = time.GetTimestamp();
            try
            {
                await loop(cancellationToken);
                return;
            }
            catch (OperationCanceledException) when (cancellationToken.IsCancellationRequested)
            {
                return;
            }
#pragma warning disable CA1031 // A background task must survive every failure; this one is logged and counted.
            catch (Exception e)
#pragma warning restore CA1031
            {
                RecordFailure(task, e);
            }

            if (time.GetElapsedTime(started) >= Stable) delay = MinDelay;
            await Task.Delay(delay, time, cancellationToken).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            if (cancellationToken.IsCancellationRequested) return;
            delay = delay * 2 < MaxDelay ? delay * 2 : MaxDelay;
        }
    }

    /// <summary>Logs and counts a failure that the task itself survives.</summary>
    public void RecordFailure(string task, Exception exception)
    {
        _failures.AddOrUpdate(task, 1, (_, n) => n + 1);
        _failedAt[task] = time.GetTimestamp();
        LogFailed(exception, task);
    }

    [LoggerMessage(LogLevel.Error, "The background task {Task} failed. It is retried.")]
    private partial void LogFailed(Exception exception, string task);
}
