using Podflare.Sandboxes;
using Podflare.Streaming;
using Podflare.Tenants;

namespace Podflare.Runs;

/// <summary>
/// One reader of a run whose next batch is always under way: so an exec subscribes while its run is being accepted, and a silence can
/// be filled without losing the wait.
/// </summary>
internal sealed class PrefetchingRunReader : IAsyncDisposable
{
    private readonly CancellationTokenSource _stop;
    private readonly IAsyncEnumerator<EventBatch> _events;

    private PrefetchingRunReader(IAsyncEnumerator<EventBatch> events, CancellationTokenSource stop)
    {
        (_events, _stop) = (events, stop);
        Next = _events.MoveNextAsync().AsTask();
    }

    /// <summary>Completes with true when <see cref="Batch"/> is there, with false behind the exit.</summary>
    public Task<bool> Next { get; private set; }

    /// <summary>The batch that <see cref="Next"/> announced; valid until <see cref="Advance"/>.</summary>
    public EventBatch Batch => _events.Current;

    public static PrefetchingRunReader Open(RunReader reader, TenantId tenant, SandboxId sandbox, RunId run, long after, bool expectStart, CancellationToken clientLeft)
    {
        var stop = CancellationTokenSource.CreateLinkedTokenSource(clientLeft);
        return new PrefetchingRunReader(reader.ReadAsync(tenant, sandbox, run, after, expectStart, stop.Token).GetAsyncEnumerator(stop.Token), stop);
    }

    /// <summary>Starts to wait for the batch after <see cref="Batch"/>.</summary>
    public void Advance() => Next = _events.MoveNextAsync().AsTask();

    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync();
        var ending = EndAsync();
        // A reader that is in the middle of a call to a silent silo must not hold up the refusal that its caller is about to give.
        if (Next.IsCompleted) await ending;
    }

    private async Task EndAsync()
    {
        // An enumerator may only be disposed between two moves; what this one still says is of no interest.
        await ((Task)Next).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        await _events.DisposeAsync();
        _stop.Dispose();
    }
}
