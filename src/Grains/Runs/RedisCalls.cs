using Microsoft.Extensions.Logging;
using StackExchange.Redis;

namespace Podflare.Runs;

/// <summary>Calls Redis, and tells an outage, which passes, from a refusal, which does not.</summary>
/// <remarks>That the multiplexer fails fast (no backlog, short timeout) is set where it is made.</remarks>
/// <param name="store">What the calls are for, as the log names it.</param>
internal sealed partial class RedisCalls(IConnectionMultiplexer redis, ILogger logger, string store = "event log")
{
    // A refusal of these kinds is an outage: a failover or a restart is under way, or the server is busy or full.
    private static readonly string[] Passing = ["LOADING", "READONLY", "MASTERDOWN", "CLUSTERDOWN", "TRYAGAIN", "MOVED", "ASK", "BUSY", "OOM", "MISCONF", "NOREPLICAS", "NOSCRIPT", "UNKILLABLE"];
    private static readonly string[] Permanent = ["WRONGTYPE", "NOPERM", "NOAUTH", "WRONGPASS", "NOPROTO", "CROSSSLOT", "EXECABORT"];
    private static readonly TimeSpan LogInterval = TimeSpan.FromMinutes(1);

    private int _away;
    private long _rejectedLogged;

    /// <summary>Cancelling stops the wait alone: what has been sent may still be done.</summary>
    /// <exception cref="StorageUnavailableException">Redis does not answer at the moment.</exception>
    /// <exception cref="WrongTypeException">A key does not hold what it should.</exception>
    /// <exception cref="StorageRejectedException">Redis refuses the call for a reason that does not pass.</exception>
    public async Task<T> CallAsync<T>(Func<IDatabase, Task<T>> call, CancellationToken cancellationToken)
    {
        try
        {
            var result = await call(redis.GetDatabase()).WaitAsync(cancellationToken);
            if (Interlocked.Exchange(ref _away, 0) == 1) LogBack(store);
            return result;
        }
        catch (RedisServerException e) when (!IsPassing(e.Message))
        {
            throw Reject(e);
        }
        catch (Exception e) when (IsOutage(e) && !(e is OperationCanceledException && cancellationToken.IsCancellationRequested))
        {
            if (Interlocked.Exchange(ref _away, 1) == 0) LogAway(e, store);
            throw new StorageUnavailableException();
        }
    }

    /// <summary>Redis has reached its <c>maxmemory</c>.</summary>
    public static bool IsOutOfMemory(string message) => KindOf(message) == "OOM" || message.Contains(" OOM ", StringComparison.Ordinal);

    private Exception Reject(RedisServerException e)
    {
        var kind = Permanent.FirstOrDefault(known => KindOf(e.Message) == known || e.Message.Contains($" {known} ", StringComparison.Ordinal)) ?? "other";
        LogMetrics.Rejected.Add(1, new KeyValuePair<string, object?>("kind", kind.ToLowerInvariant()));
        var (now, last) = (Environment.TickCount64, Interlocked.Read(ref _rejectedLogged));
        if ((last == 0 || now - last > LogInterval.TotalMilliseconds) && Interlocked.CompareExchange(ref _rejectedLogged, now, last) == last) LogRejected(e, store, kind);
        return kind == "WRONGTYPE" ? new WrongTypeException() : new StorageRejectedException();
    }

    private static bool IsPassing(string message) => Passing.Contains(KindOf(message)) || IsOutOfMemory(message);

    private static string KindOf(string message) => message.Split(' ', 2)[0];

    // The library ends calls that were under way when a connection broke with whatever its pipe or its own tasks threw.
    private static bool IsOutage(Exception e) =>
        e is RedisException or TimeoutException or ObjectDisposedException or InvalidOperationException or OperationCanceledException or IOException;

    // Once per outage: every open run asks again within a second.
    [LoggerMessage(LogLevel.Warning, "The {Store} does not answer.")]
    private partial void LogAway(Exception exception, string store);

    [LoggerMessage(LogLevel.Information, "The {Store} answers again.")]
    private partial void LogBack(string store);

    [LoggerMessage(LogLevel.Error, "Redis refuses calls of the {Store} ({Kind}). This does not pass by itself. Further refusals within a minute are only counted.")]
    private partial void LogRejected(Exception exception, string store, string kind);

    /// <summary>A key of a run holds something else than it should.</summary>
    internal sealed class WrongTypeException : Exception;
}
