using System.Globalization;
using StackExchange.Redis;

namespace Podflare.Hosting;

/// <summary>The clock that all silos of a cluster share: that of Redis at the start of this process, which the monotonic clock carries on.</summary>
internal sealed class ClusterClock : SteadyClock
{
    private readonly IConnectionMultiplexer _redis;

    private ClusterClock(IConnectionMultiplexer redis, TimeProvider time, DateTimeOffset now)
        : base(time, now) => _redis = redis;

    /// <summary>Asks Redis for the time. While it does not answer, the time of this process has to do.</summary>
    public static ClusterClock Start(IConnectionMultiplexer redis, TimeProvider time)
    {
        try
        {
            return new ClusterClock(redis, time, Parse(redis.GetDatabase().Execute("TIME")));
        }
        catch (Exception e) when (e is RedisException or TimeoutException)
        {
            return new ClusterClock(redis, time, time.GetUtcNow());
        }
    }

    /// <summary>Moves the clock forward where it is behind Redis, as after the machine was suspended. The monotonic clock stands still meanwhile.</summary>
    public async Task CatchUpAsync(CancellationToken cancellationToken)
    {
        try
        {
            CatchUp(Parse(await _redis.GetDatabase().ExecuteAsync("TIME").WaitAsync(cancellationToken)));
        }
        catch (Exception e) when (e is RedisException or TimeoutException)
        {
            // The next call asks again.
        }
    }

    // Seconds and microseconds. Until the answer is here, a little more time has passed: so the clock is never ahead of Redis.
    private static DateTimeOffset Parse(RedisResult answer)
    {
        var (seconds, microseconds) = ((string)answer[0]!, (string)answer[1]!);
        return DateTimeOffset.FromUnixTimeSeconds(long.Parse(seconds, CultureInfo.InvariantCulture)).AddMicroseconds(int.Parse(microseconds, CultureInfo.InvariantCulture));
    }
}
