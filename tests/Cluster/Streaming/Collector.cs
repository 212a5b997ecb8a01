using System.Collections.Concurrent;
using Orleans.Streams;

namespace Podflare.Streaming;

/// <summary>Observes a stream and keeps what came.</summary>
internal sealed class Collector : IAsyncObserver<EventBatch>
{
    public ConcurrentQueue<long> Seqs { get; } = new();

    public ConcurrentQueue<long> Tokens { get; } = new();

    public TaskCompletionSource Completed { get; } = new(TaskCreationOptions.RunContinuationsAsynchronously);

    public Task OnNextAsync(EventBatch item, StreamSequenceToken? token = null)
    {
        Tokens.Enqueue(token!.SequenceNumber);
        foreach (var seq in RunStreamTest.Seqs(item)) Seqs.Enqueue(seq);
        return Task.CompletedTask;
    }

    public Task OnCompletedAsync()
    {
        Completed.TrySetResult();
        return Task.CompletedTask;
    }

    public Task OnErrorAsync(Exception ex)
    {
        Completed.TrySetException(ex);
        return Task.CompletedTask;
    }

    public Task WaitForAsync(long seq) => RunStreamTest.EventuallyAsync(() => Task.FromResult(Seqs.LastOrDefault() >= seq));
}
