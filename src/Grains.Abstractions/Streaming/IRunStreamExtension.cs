using Orleans.Concurrency;
using Orleans.Runtime;
using Podflare.Runs;
using Podflare.Tenants;

namespace Podflare.Streaming;

/// <summary>One reader of one run, as the producer sees it.</summary>
[Alias("podflare.IRunSubscriber")]
public interface IRunSubscriber : IGrainObserver
{
    /// <summary>Takes a batch. One is in flight at a time: that is the order and the flow control.</summary>
    /// <returns>False: full or gone, end the subscription.</returns>
    [Alias("Deliver")]
    Task<bool> Deliver(EventBatch batch);
}

/// <summary>The producer's end of the run streams, on every sandbox grain.</summary>
[Alias("podflare.IRunStreamExtension")]
public interface IRunStreamExtension : IGrainExtension
{
    /// <summary>Starts delivery after <paramref name="afterSeq"/>. A second call with the same <paramref name="id"/> replaces the first.</summary>
    /// <param name="expectStart">The run may not be there yet: wait up to 5 s for it.</param>
    /// <exception cref="EventsEvictedException">The log no longer has the next event.</exception>
    [AlwaysInterleave, Alias("Subscribe")]
    Task Subscribe(Guid id, TenantId tenant, RunId run, long afterSeq, bool expectStart, IRunSubscriber subscriber);

    [AlwaysInterleave, Alias("Unsubscribe")]
    Task Unsubscribe(Guid id);
}
