using System.Collections.Concurrent;
using Orleans.Runtime;

namespace Podflare.Streaming;

/// <summary>Receives batches as a process does, or fails to.</summary>
internal sealed class Subscriber : IRunSubscriber
{
    public ConcurrentQueue<EventBatch> Batches { get; } = new();

    public ConcurrentQueue<object?> Contexts { get; } = new();

    public bool Fail { get; set; }

    public bool Hang { get; set; }

    public Task<bool> Deliver(EventBatch batch)
    {
        Contexts.Enqueue(RequestContext.Get("secret"));
        if (Hang) return new TaskCompletionSource<bool>().Task;
        if (Fail) throw new InvalidOperationException("This subscriber is broken.");
        Batches.Enqueue(batch);
        return Task.FromResult(true);
    }
}
