using Podflare.Runs;

namespace Podflare.Streaming;

/// <summary>Pushes the events of one run to one subscriber, one batch in flight, until the run or the subscriber ends.</summary>
internal sealed class RunPump : IDisposable
{
    private readonly CancellationTokenSource _stop = new();
    private readonly long _afterSeq;
    private readonly IRunSubscriber _subscriber;
    private readonly RunOptions _options;
    private readonly TimeProvider _time;

    public RunPump(long afterSeq, IRunSubscriber subscriber, RunOptions options, TimeProvider time)
    {
        (_afterSeq, _subscriber, _options, _time) = (afterSeq, subscriber, options, time);
        Stopping = _stop.Token;
    }

    public CancellationToken Stopping { get; }

    public void Stop() => _stop.Cancel();

    /// <summary>The last word to a subscriber: come again. Nobody waits for its answer.</summary>
    public void SayMoved() => _subscriber.Deliver(EventBatch.Moved).Ignore();

    /// <exception cref="OperationCanceledException"><see cref="Stop"/> was called.</exception>
    /// <exception cref="Exception">The subscriber does not answer.</exception>
    public async Task RunAsync(RunEvents events)
    {
        var seq = _afterSeq;
        using var reader = events.AddReader(seq);
        for (; ; )
        {
            var batch = await NextAsync(events, seq);

            // A subscriber that has gone may take the whole response timeout to fail: stopping does not wait for that.
            if (!await _subscriber.Deliver(batch).WaitAsync(Stopping) || batch.HasExit) return;
            if (batch.LastSeq <= seq) continue;
            seq = batch.LastSeq;
            reader.Moved(seq);
        }
    }

    private async ValueTask<EventBatch> NextAsync(RunEvents events, long seq)
    {
        for (; ; )
        {
            Stopping.ThrowIfCancellationRequested();
            var changed = events.Changed;  // taken before the read: no append is missed
            try
            {
                if (await events.ReadAfterAsync(seq, _options.BatchBytes, Stopping) is { } batch) return batch;
            }
            catch (Exception e) when (e is EventsEvictedException or StorageUnavailableException)
            {
                // Subscribing again tells it why.
                SayMoved();
                throw;
            }

            try
            {
                await changed.WaitAsync(TimeSpan.FromSeconds(_options.HeartbeatSeconds), _time, Stopping);
            }
            catch (TimeoutException)
            {
                return EventBatch.Heartbeat;
            }
        }
    }

    public void Dispose()
    {
        _stop.Cancel();
        _stop.Dispose();
    }
}
