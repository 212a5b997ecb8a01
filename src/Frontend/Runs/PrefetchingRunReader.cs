using Podflare.Streaming;

namespace Podflare.Runs;

/// <summary>
/// Reads a run and always requests the next batch ahead. So an exec subscribes while its run is being accepted, and a heartbeat can be
/// sent without losing the pending read.
/// </summary>
internal sealed class PrefetchingRunReader : IAsyncDisposable
{
    private static readonly TimeSpan RefusalInterval = TimeSpan.FromMilliseconds(250);
    private readonly CancellationTokenSource _stop;
    private readonly IAsyncEnumerator<EventBatch> _events;

    private PrefetchingRunReader(IAsyncEnumerator<EventBatch> events, CancellationTokenSource stop)
    {
        (_events, _stop) = (events, stop);
        Next = _events.MoveNextAsync().AsTask();
    }

    /// <summary>Completes with true when <see cref="Batch"/> is available, and with false after the exit.</summary>
    public Task<bool> Next { get; private set; }

    /// <summary>The batch that <see cref="Next"/> announced. Valid until <see cref="Advance"/>.</summary>
    public EventBatch Batch => _events.Current;

    /// <summary>Starts to read.</summary>
    public static PrefetchingRunReader Open(IAsyncEnumerable<EventBatch> events, CancellationToken clientLeft)
    {
        var stop = CancellationTokenSource.CreateLinkedTokenSource(clientLeft);
        return new PrefetchingRunReader(events.GetAsyncEnumerator(stop.Token), stop);
    }

    /// <summary>Starts to wait for the batch after <see cref="Batch"/>.</summary>
    public void Advance() => Next = _events.MoveNextAsync().AsTask();

    /// <summary>Waits a moment for a refusal, so that it can still be the answer. A run that is silent does not refuse.</summary>
    public async Task WaitForRefusalAsync(TimeProvider time)
    {
        try
        {
            await Next.WaitAsync(RefusalInterval, time);
        }
        catch (TimeoutException) when (!Next.IsCompleted)
        {
            // The subscription was accepted, or is being retried.
        }
    }

    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync();
        var ending = EndAsync();
        // A pending call to a silo that does not answer must not delay the refusal that the caller is about to send.
        if (Next.IsCompleted) await ending;
    }

    private async Task EndAsync()
    {
        // An enumerator may only be disposed between two moves. The outcome of the pending one no longer matters.
        await ((Task)Next).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        await _events.DisposeAsync();
        _stop.Dispose();
    }
}
