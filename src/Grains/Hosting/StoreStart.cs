using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;
using Podflare.Processes;
using Podflare.Storage;
using StackExchange.Redis;

namespace Podflare.Hosting;

/// <summary>Waits for Redis before the silo starts. A silo cannot join without it, and one that tries ends its process.</summary>
internal sealed partial class StoreStart(IConnectionMultiplexer redis, IOptions<RedisOptions> options, TimeProvider time, ILogger<StoreStart> logger)
{
    private static readonly TimeSpan CheckInterval = TimeSpan.FromMilliseconds(100);
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(1);

    private string Servers => RedisConnection.Describe(redis.Configuration);

    /// <exception cref="StartUpException">Redis has not answered in time.</exception>
    public async Task WaitAsync()
    {
        var (began, isTold, limit) = (time.GetTimestamp(), false, TimeSpan.FromSeconds(options.Value.StartSeconds));
        string? failure = null;
        redis.ConnectionFailed += (_, failed) => failure = failed.Exception?.Message;
        while (!redis.IsConnected)
        {
            var waited = time.GetElapsedTime(began);
            if (waited >= limit) throw new StartUpException($"Redis at {Servers} has not answered for {limit.TotalSeconds:0} s. Check that it runs, and what ConnectionStrings:Redis says. {failure}".TrimEnd());
            if (!isTold && waited >= Patience)
            {
                LogWaiting(Servers, limit.TotalSeconds);
                isTold = true;
            }

            await Task.Delay(CheckInterval, time);
        }
    }

    [LoggerMessage(LogLevel.Warning, "Redis at {Servers} does not answer yet; waiting for up to {Seconds} s.")]
    private partial void LogWaiting(string servers, double seconds);
}
