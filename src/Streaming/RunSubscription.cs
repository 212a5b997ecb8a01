using Podflare.Resilience;
using Podflare.Runs;
using Podflare.Sandboxes;
using Podflare.Tenants;

namespace Podflare.Streaming;

/// <summary>
/// One reader of one run. After slow output, and when its producer has moved or was lost, it subscribes again from the last event. What waits
/// to be read is bounded; a reader that is slow for long slows the run down, or finds its events evicted. One caller at a time; not for use
/// inside a grain. Disposing it leaves nothing behind, in this process or at the producer.
/// </summary>
public sealed class RunSubscription : IAsyncDisposable
{
    private static readonly TimeSpan FirstBackoff = TimeSpan.FromMilliseconds(100);
    private static readonly TimeSpan LongestBackoff = TimeSpan.FromSeconds(1);
    private static readonly TimeSpan FirstPollInterval = TimeSpan.FromMilliseconds(50);
    private static readonly TimeSpan LongestPollInterval = TimeSpan.FromSeconds(1);
    private static readonly TimeSpan LeavePatience = TimeSpan.FromSeconds(2);

    private readonly RunStreamProvider _provider;
    private readonly IRunStreamExtension _producer;
    private readonly TenantId _tenant;
    private readonly SandboxId _sandbox;
    private readonly RunId _run;
    private readonly RunInbox _inbox;
    private readonly Task? _pollWhenFull;
    private readonly CancellationTokenSource _stop;
    private readonly CancellationToken _stopping;
    private IRunSubscriber? _reference;
    private Task<EventBatch>? _next;
    private bool _expectStart;
    private bool _subscribed;
    private long? _polledTo;

    /// <param name="pollWhenFull">See <see cref="RunReader.Open"/>.</param>
    /// <param name="cancellationToken">Ends the reading.</param>
    internal RunSubscription(
        RunStreamProvider provider, TenantId tenant, SandboxId sandbox, RunId run, long after, bool expectStart, Task? pollWhenFull, CancellationToken cancellationToken)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(after);
        (_provider, _tenant, _sandbox, _run, _expectStart, _pollWhenFull) = (provider, tenant, sandbox, run, expectStart, pollWhenFull);
        _producer = provider.Producer(sandbox);
        _inbox = new RunInbox(after, provider.Options, provider.Time);
        _stop = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        _stopping = _stop.Token;
    }

    internal Guid Id { get; } = Guid.NewGuid();

    /// <summary>Rendered bytes that wait to be taken.</summary>
    internal long BufferedBytes => _inbox.Bytes;

    /// <summary>Reading has failed; the next <see cref="NextAsync"/> throws the reason.</summary>
    public bool HasFailed => _next is { IsFaulted: true };

    /// <summary>The next batch, once. Not to be called after the one with the exit.</summary>
    /// <exception cref="EventsEvictedException">The next event is gone.</exception>
    /// <exception cref="SandboxNotFoundException">Not a sandbox of this tenant.</exception>
    /// <exception cref="RunNotFoundException">No such run.</exception>
    /// <exception cref="TooManyReadersException">The sandbox or this process has as many readers as it takes.</exception>
    /// <exception cref="SandboxUnreachableException">Like other passing failures: only after <see cref="RunReaderOptions.PatienceSeconds"/>.</exception>
    public ValueTask<EventBatch> NextAsync()
    {
        if (_next is not { } next) return ReceiveAsync();
        _next = null;
        return new ValueTask<EventBatch>(next);
    }

    /// <summary>Waits until <see cref="NextAsync"/> has a result or fails, but not longer than a limit. What arrives later is not lost.</summary>
    /// <returns>False when the time is over.</returns>
    public async ValueTask<bool> WaitAsync(TimeSpan limit)
    {
        Start();
        if (!_next!.IsCompleted && limit > TimeSpan.Zero) await ((Task)_next).WaitAsync(limit, _provider.Time).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        return _next.IsCompleted;
    }

    public async ValueTask DisposeAsync()
    {
        var isPending = _next is { IsCompleted: false };
        await _stop.CancelAsync();
        _inbox.Close();
        var ending = EndAsync();
        // A pending call to a silo that does not answer must not delay the refusal that the caller is about to send.
        if (isPending) Background.Run(_provider.Logger, "reader end", ending);
        else await ending;
    }

    /// <summary>Begins to wait for the next batch.</summary>
    internal void Start() => _next ??= ReceiveAsync().AsTask();

    /// <summary>Asks the producer to deliver what has not arrived yet. One attempt.</summary>
    internal async Task<bool> SubscribeAsync()
    {
        _reference ??= _provider.Enter(Id, _inbox);
        _inbox.Reopen();
        await _producer.Subscribe(Id, _tenant, _run, _inbox.Received, _expectStart, _reference).WaitAsync(_stopping);
        (_expectStart, _subscribed) = (false, true);
        _inbox.Heard();
        return true;
    }

    private async ValueTask<EventBatch> ReceiveAsync()
    {
        while (_polledTo is null)
        {
            if (_subscribed)
            {
                var (batch, why) = await _inbox.TakeAsync(_stopping);
                if (batch is not null) return batch;
                _subscribed = false;
                StreamMetrics.Fallbacks.Add(1, new KeyValuePair<string, object?>("reason", why.ToString().ToLowerInvariant()));
                await PauseAsync(why);
            }

            try
            {
                await RetryAsync(SubscribeAsync);
            }
            catch (TooManyReadersException) when (_pollWhenFull is not null)
            {
                await LeaveAsync();
                await _pollWhenFull.WaitAsync(_stopping);
                _polledTo = _inbox.Received;
            }
        }

        return await PollAsync(_polledTo.Value);
    }

    /// <summary>All readers of a lost silo come at once: they spread over a moment.</summary>
    private Task PauseAsync(InboxBreak why) => why switch
    {
        InboxBreak.Moved => Task.Delay(FirstBackoff, _provider.Time, _stopping),
        InboxBreak.SiloLost => Task.Delay(Random.Shared.NextDouble() * FirstBackoff, _provider.Time, _stopping),
        _ => Task.CompletedTask,
    };

    private async Task<EventBatch> PollAsync(long after)
    {
        var sandbox = _provider.Sandbox(_sandbox);
        var interval = new Backoff(FirstPollInterval, LongestPollInterval, _provider.Time);
        while (true)
        {
            if (await RetryAsync(() => sandbox.ReadEvents(_tenant, _run, after, _stopping).WaitAsync(_stopping)) is { } batch)
            {
                _polledTo = batch.LastSeq;
                return batch;
            }

            await interval.WaitAsync(_stopping);
        }
    }

    private async Task<T> RetryAsync<T>(Func<Task<T>> call)
    {
        var start = _provider.Time.GetTimestamp();
        var patience = TimeSpan.FromSeconds(_provider.Options.PatienceSeconds);
        var backoff = new Backoff(FirstBackoff, LongestBackoff, _provider.Time);
        while (true)
        {
            try
            {
                return await call();
            }
            catch (Exception e) when (MayPass(e) && _provider.Time.GetElapsedTime(start) < patience)
            {
                await backoff.WaitAsync(_stopping);
            }
        }
    }

    // A cancellation that is not ours is the producer's: it stopped while it was asked.
    private bool MayPass(Exception exception) =>
        Transient.IsTransient(exception) || (exception is OperationCanceledException && !_stopping.IsCancellationRequested);

    private async Task EndAsync()
    {
        if (_next is { } next) await ((Task)next).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        await LeaveAsync();
        _stop.Dispose();
    }

    private async Task LeaveAsync()
    {
        if (_reference is not { } reference) return;
        _reference = null;
        try
        {
            // After the exit the producer has ended by itself.
            if (!_inbox.HasExit) await _producer.Unsubscribe(Id).WaitAsync(LeavePatience, _provider.Time);
        }
        catch (Exception e) when (e is OrleansException or TimeoutException or PodflareException)
        {
            // The producer is gone, or finds out at its next delivery.
        }
        finally
        {
            _provider.Leave(Id, reference);
        }
    }
}
