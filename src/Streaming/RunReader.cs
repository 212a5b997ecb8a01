using System.Runtime.CompilerServices;
using Podflare.Runs;
using Podflare.Sandboxes;
using Podflare.Tenants;

namespace Podflare.Streaming;

/// <summary>Reads runs: the consumer's end of their streams, for frontends and grain clients. Not for use inside a grain.</summary>
public sealed class RunReader(RunStreamProvider provider)
{
    /// <summary>Begins to subscribe to a run. Failures are thrown by <see cref="RunSubscription.NextAsync"/>.</summary>
    /// <param name="after">The <c>seq</c> after which to read.</param>
    /// <param name="expectStart">The run may not be there yet: the producer waits up to 5 s for it.</param>
    /// <param name="pollWhenFull">
    /// Where there are too many readers, events are polled once this has completed; null to fail with <see cref="TooManyReadersException"/>.
    /// </param>
    /// <param name="cancellationToken">Ends the reading.</param>
    public RunSubscription Open(
        TenantId tenant, SandboxId sandbox, RunId run, long after, bool expectStart, Task? pollWhenFull, CancellationToken cancellationToken)
    {
        var subscription = new RunSubscription(provider, tenant, sandbox, run, after, expectStart, pollWhenFull, cancellationToken);
        subscription.Start();
        return subscription;
    }

    /// <summary>The events after <paramref name="after"/> in order, each once, ending with the batch that holds the exit.</summary>
    /// <param name="expectStart">The run may not be there yet: the producer waits up to 5 s for it.</param>
    /// <inheritdoc cref="RunSubscription.NextAsync" path="/exception"/>
    public async IAsyncEnumerable<EventBatch> ReadAsync(
        TenantId tenant, SandboxId sandbox, RunId run, long after, bool expectStart, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        await using var subscription = Open(tenant, sandbox, run, after, expectStart, pollWhenFull: null, cancellationToken);
        for (; ; )
        {
            var batch = await subscription.NextAsync();
            yield return batch;
            if (batch.HasExit) yield break;
        }
    }
}
