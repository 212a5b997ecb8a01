using Microsoft.Extensions.Logging;
using Podflare.Resilience;
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
    private readonly ILogger _logger;

    public RunPump(long afterSeq, IRunSubscriber subscriber, RunOptions options, TimeProvider time, ILogger logger)
    {
        (_afterSeq, _subscriber, _options, _time, _logger) = (afterSeq, subscriber, options, time, logger);
        Stopping = _stop.Token;
    }

    public CancellationToken Stopping { get; }

    public void Stop() => _stop.Cancel();

    /// <summary>Asks the subscriber to subscribe again. Its answer is not awaited.</summary>
    public void NotifyMoved() => Background.Run(_logger, "reader notification", SendMovedAsync());

    /// <exception cref="OperationCanceledException"><see cref="Stop"/> was called.</exception>
    /// <exception cref="Exception">The subscriber does not answer.</exception>
    public async Task RunAsync(RunEvents events)
    {
        var seq = _afterSeq;
        Task<EventBatch?>? ahead = null;
        using var reader = events.AddReader(seq);
        try
        {
            for (; ; )
            {
                var batch = await NextAsync(events, seq, ahead);
                var delivery = _subscriber.Deliver(batch);
                var sent = Math.Max(seq, batch.LastSeq);
                ahead = ReadAhead(events, batch, sent);

                // A subscriber that has gone may take the whole response timeout to fail: stopping does not wait for that.
                if (!await delivery.WaitAsync(Stopping) || batch.HasExit) return;
                if (sent == seq) continue;
                seq = sent;
                reader.Moved(seq);
            }
        }
        finally
        {
            Stop();
            // Cancelled, so that this takes no time. Nobody needs its result any more.
            if (ahead is not null) await ((Task)ahead).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing | ConfigureAwaitOptions.ContinueOnCapturedContext);
        }
    }

    private async Task SendMovedAsync()
    {
        try
        {
            await _subscriber.Deliver(EventBatch.Moved);
        }
        catch (Exception e) when (Transient.IsLostCall(e))
        {
            // The subscriber has gone, or finds out by the silence.
        }
    }

    // The log is read while the subscriber takes what it has been sent: one that lags behind the ring would else never catch up.
    // From the ring, later is better: more has been gathered by then.
    private Task<EventBatch?>? ReadAhead(RunEvents events, EventBatch batch, long seq)
    {
        if (batch.HasExit || seq >= events.LastSeq || events.Holds(seq)) return null;
        return events.ReadAfterAsync(seq, _options.BatchBytes, Stopping).AsTask();
    }

    private async ValueTask<EventBatch> NextAsync(RunEvents events, long seq, Task<EventBatch?>? ahead)
    {
        for (; ; ahead = null)
        {
            Stopping.ThrowIfCancellationRequested();
            var changed = events.Changed;  // taken before the read: no append is missed
            try
            {
                if (await (ahead is null ? events.ReadAfterAsync(seq, _options.BatchBytes, Stopping) : new(ahead)) is { } batch) return batch;
            }
            catch (Exception e) when (e is EventsEvictedException or RunNotFoundException or StorageUnavailableException)
            {
                // The refusal of its next subscription gives the reason.
                NotifyMoved();
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
