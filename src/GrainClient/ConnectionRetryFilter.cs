using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;

namespace Podflare.GrainClient;

/// <summary>Tries to connect until a silo answers or the time is over, and then fails with a sentence that says what to check.</summary>
internal sealed partial class ConnectionRetryFilter(
    ClusterAddress address, IOptions<GrainClientOptions> options, TimeProvider time, ILogger<ConnectionRetryFilter> logger) : IClientConnectionRetryFilter
{
    private static readonly TimeSpan Pause = TimeSpan.FromMilliseconds(500);
    private readonly long _began = time.GetTimestamp();
    private bool _logged;

    /// <exception cref="ClusterUnreachableException">The time is over.</exception>
    public async Task<bool> ShouldRetryConnectionAttempt(Exception exception, CancellationToken cancellationToken)
    {
        var (cluster, limit) = (options.Value.ClusterId, options.Value.ConnectSeconds);
        if (time.GetElapsedTime(_began).TotalSeconds >= limit) throw new ClusterUnreachableException(cluster, address.Redis, exception);
        if (!_logged) LogWaiting(cluster, address.Redis, limit);
        _logged = true;
        await Task.Delay(Pause, time, cancellationToken);
        return true;
    }

    [LoggerMessage(LogLevel.Warning, "No silo of the Podflare cluster '{Cluster}' answers yet (Redis: {Redis}). Trying for {Seconds} seconds.")]
    private partial void LogWaiting(string cluster, string redis, double seconds);
}

/// <param name="Redis">The servers in which the cluster is looked up, without passwords.</param>
internal sealed record ClusterAddress(string Redis);
