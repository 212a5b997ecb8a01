using Microsoft.Extensions.Logging;
using Podflare.Containers;
using Podflare.Resilience;

namespace Podflare.Hosts;

/// <summary>Follows the engine's events for containers that die. What the engine fails to report, the sweep finds.</summary>
/// <param name="died">Called on the grain's scheduler.</param>
internal sealed partial class ContainerDeathWatch(string host, HostContainers containers, Action<ContainerDeath> died, TimeProvider time, ILogger logger)
{
    private static readonly TimeSpan FirstPause = TimeSpan.FromSeconds(1);
    private static readonly TimeSpan LongestPause = TimeSpan.FromSeconds(10);

    /// <summary>Runs until cancelled.</summary>
    public async Task RunAsync(CancellationToken cancellationToken)
    {
        var backoff = new Backoff(FirstPause, LongestPause, time);
        while (!cancellationToken.IsCancellationRequested)
        {
            try
            {
                await foreach (var death in containers.WatchDeathsAsync(cancellationToken))
                {
                    backoff.Reset();
                    died(death);
                }
            }
            catch (Exception e) when (!cancellationToken.IsCancellationRequested)
            {
                LogBroken(e, host);
            }

            await backoff.WaitAsync(cancellationToken);
        }
    }

    [LoggerMessage(LogLevel.Warning, "The engine's event stream of host {Host} broke; following it again.")]
    private partial void LogBroken(Exception exception, string host);
}
