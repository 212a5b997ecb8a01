using System.Runtime.CompilerServices;
using Podflare.Runs;
using Podflare.Sandboxes;
using Podflare.Tenants;

namespace Podflare.Streaming;

/// <summary>
/// Reads runs: the consumer's end of their streams, for frontends and grain clients. It survives slow output, moved and lost producers by
/// subscribing again from the last event. Not for use inside a grain.
/// </summary>
public sealed class RunReader(RunStreamProvider provider)
{
    /// <summary>
    /// The events after <paramref name="after"/> in order, each once, ending with the batch that holds the exit. What waits for the
    /// consumer is bounded; a consumer that is slow for long slows the run down, or finds its events evicted.
    /// </summary>
    /// <param name="expectStart">The run may not be there yet: the producer waits up to 5 s for it.</param>
    /// <exception cref="EventsEvictedException">The next event is gone.</exception>
    /// <exception cref="SandboxNotFoundException">Not a sandbox of this tenant.</exception>
    /// <exception cref="RunNotFoundException">No such run.</exception>
    /// <exception cref="TooManyReadersException">The sandbox or this process has as many readers as it takes.</exception>
    /// <exception cref="SandboxUnreachableException">Like other passing failures: only after <see cref="RunReaderOptions.PatienceSeconds"/>.</exception>
    public async IAsyncEnumerable<EventBatch> ReadAsync(
        TenantId tenant, SandboxId sandbox, RunId run, long after, bool expectStart, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        await using var reading = new RunSubscriptionLoop(provider, tenant, sandbox, run, after, expectStart);
        for (; ; )
        {
            var batch = await reading.NextAsync(cancellationToken);
            yield return batch;
            if (batch.HasExit) yield break;
        }
    }
}
