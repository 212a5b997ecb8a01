using System.Runtime.CompilerServices;
using Orleans.Metadata;
using Orleans.Runtime;
using Podflare.Http;
using Podflare.Sandboxes;
using Podflare.Streaming;
using Podflare.Tenants;

namespace Podflare.Runs;

/// <summary>A run that was accepted, and the reader that subscribed meanwhile.</summary>
internal sealed record StartedRun(RunAccepted Accepted, PrefetchingRunReader Events);

/// <summary>Starts a run and subscribes to it at the same time.</summary>
internal sealed class RunStarter(IGrainFactory grains, GrainInterfaceTypeResolver interfaces, RunReader reader)
{
    private static readonly TimeSpan FirstPollInterval = TimeSpan.FromMilliseconds(50);
    private static readonly TimeSpan LongestPollInterval = TimeSpan.FromSeconds(1);

    // GetGrain looks both up by reflection for each call, which takes a thirtieth of a short run.
    private readonly Lazy<(GrainType Grain, GrainInterfaceType Interface)> _sandbox = new(() =>
        (grains.GetGrain<ISandboxGrain>("any").GetGrainId().Type, interfaces.GetGrainInterfaceType(typeof(ISandboxGrain))));

    public async Task<StartedRun> StartAsync(TenantId tenant, SandboxId id, RunId run, RunRequest request, Deadline deadline)
    {
        var sandbox = (ISandboxGrain)grains.GetGrain(GrainId.Create(_sandbox.Value.Grain, IdSpan.Create(id.Value)), _sandbox.Value.Interface);
        // The start is first in the grain's queue, so the subscription finds the run.
        var starting = GrainCallRetry.RetryUntilAsync(token => sandbox.StartRun(tenant, run, request, token), deadline);
        var events = Open(expectStart: true);
        try
        {
            var accepted = await starting;
            // The events of an earlier run may be gone, which has to be reported before the first byte.
            if (accepted.Joined) await GrainCallRetry.RetryUntilAsync(token => sandbox.ReadEvents(tenant, run, 0, token), deadline);
            if (events.Next.IsFaulted)
            {
                await events.DisposeAsync();
                events = Open(expectStart: false);
            }

            return new StartedRun(accepted, events);
        }
        catch
        {
            await events.DisposeAsync();
            throw;
        }

        PrefetchingRunReader Open(bool expectStart) =>
            PrefetchingRunReader.Open(ReadAsync(sandbox, starting, tenant, id, run, expectStart, deadline.Time, deadline.ClientLeft), deadline.ClientLeft);
    }

    /// <summary>
    /// Subscribes to a run, or polls its events when there are too many readers: the run was accepted by then, and a client that was
    /// refused would run its code a second time.
    /// </summary>
    private async IAsyncEnumerable<EventBatch> ReadAsync(
        ISandboxGrain sandbox, Task starting, TenantId tenant, SandboxId id, RunId run, bool expectStart, TimeProvider time, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        var after = 0L;
        await using (var subscription = reader.ReadAsync(tenant, id, run, after, expectStart, cancellationToken).GetAsyncEnumerator(cancellationToken))
        {
            while (await TryMoveNextAsync(subscription))
            {
                yield return subscription.Current;
                if (subscription.Current.HasExit) yield break;
                after = subscription.Current.LastSeq;
            }
        }

        await starting;
        for (var interval = FirstPollInterval; ; interval = interval * 2 < LongestPollInterval ? interval * 2 : LongestPollInterval)
        {
            if (await GrainCallRetry.RetryLostAsync(() => sandbox.ReadEvents(tenant, run, after, cancellationToken), time, cancellationToken) is { } batch)
            {
                yield return batch;
                if (batch.HasExit) yield break;
                after = batch.LastSeq;
                interval = FirstPollInterval;
                continue;
            }

            await Task.Delay(interval, time, cancellationToken);
        }
    }

    /// <returns>False where there is no place for another reader.</returns>
    private static async ValueTask<bool> TryMoveNextAsync(IAsyncEnumerator<EventBatch> subscription)
    {
        try
        {
            return await subscription.MoveNextAsync();
        }
        catch (TooManyReadersException)
        {
            return false;
        }
    }
}
