using System.Diagnostics.Metrics;
using Microsoft.Extensions.Logging;

namespace Podflare.Resilience;

/// <summary>Work that nobody awaits. Its failures are logged and counted, so that none is silent.</summary>
public static partial class Background
{
    private static readonly Meter Meter = new("Podflare");

    private static readonly Counter<long> Failures = Meter.CreateCounter<long>(
        "podflare.background.failures", "{failure}", "Background work that failed with an unexpected exception.");

    /// <summary>Watches a task that nobody awaits. Cancellation is not a failure.</summary>
    /// <param name="name">A constant that names the work, such as <c>sweep</c>; it is a metric label.</param>
    /// <param name="task">Already started.</param>
    public static void Run(ILogger logger, string name, Task task)
    {
        if (!task.IsCompletedSuccessfully) _ = WatchAsync(logger, name, task);
    }

    private static async Task WatchAsync(ILogger logger, string name, Task task)
    {
        try
        {
            await task.ConfigureAwait(false);
        }
        catch (OperationCanceledException)
        {
            // The owner has stopped.
        }
        catch (Exception e)
        {
            Failures.Add(1, new KeyValuePair<string, object?>("work", name));
            LogFailed(logger, e, name);
        }
    }

    [LoggerMessage(LogLevel.Error, "Background work failed: {Work}.")]
    private static partial void LogFailed(ILogger logger, Exception exception, string work);
}
