using Microsoft.Extensions.Logging;
using Podflare.Resilience;
using StackExchange.Redis;

namespace Podflare.Hosting;

/// <summary>
/// Lets the silos of a cluster join one after the other. Each joins with two writes to one table, and Orleans makes the loser of two that
/// meet there wait for some seconds, with no setting to shorten it; a turn takes about a tenth of a second.
/// </summary>
/// <remarks>A courtesy, not a lock: who has waited for long enough, or cannot reach Redis, joins all the same.</remarks>
public sealed partial class JoiningTurn(
    PodflareProcess process, ILocalSiloDetails silo, IConnectionMultiplexer redis, TimeProvider time, ILogger<JoiningTurn> logger) : ILifecycleParticipant<ISiloLifecycle>
{
    // The turn of a process that died passes on after this time.
    private static readonly TimeSpan Lease = TimeSpan.FromSeconds(2);
    private static readonly TimeSpan RetryInterval = TimeSpan.FromMilliseconds(15);

    private readonly RedisKey _key = $"podflare:{{{process.ClusterId}}}:joining";
    private readonly RedisValue _mine = silo.SiloAddress.ToParsableString();

    public void Participate(ISiloLifecycle lifecycle)
    {
        // Orleans writes its two rows after RuntimeGrainServices and at BecomeActive.
        lifecycle.Subscribe(nameof(JoiningTurn), ServiceLifecycleStage.AfterRuntimeGrainServices - 1, TakeAsync);
        lifecycle.Subscribe(nameof(JoiningTurn), ServiceLifecycleStage.Active, PassOnAsync);
    }

    private async Task TakeAsync(CancellationToken cancellationToken)
    {
        try
        {
            using var limit = new TimeLimit(TimeSpan.FromSeconds(process.Options.JoinWaitSeconds), time, cancellationToken);
            while (!await redis.GetDatabase().LockTakeAsync(_key, _mine, Lease) && limit.Remaining > TimeSpan.Zero) await Task.Delay(RetryInterval, time, cancellationToken);
        }
        catch (Exception e) when (e is RedisException or TimeoutException)
        {
            LogNoTurn(e);
        }
    }

    private async Task PassOnAsync(CancellationToken cancellationToken)
    {
        try
        {
            await redis.GetDatabase().LockReleaseAsync(_key, _mine);
        }
        catch (Exception e) when (e is RedisException or TimeoutException)
        {
            LogNoTurn(e);
        }
    }

    [LoggerMessage(LogLevel.Information, "Redis did not answer about the turn to join the cluster; joining without it.")]
    private partial void LogNoTurn(Exception exception);
}
