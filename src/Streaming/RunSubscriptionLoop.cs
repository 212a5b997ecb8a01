using Podflare.Resilience;
using Podflare.Runs;
using Podflare.Sandboxes;
using Podflare.Tenants;

namespace Podflare.Streaming;

/// <summary>
/// One reader's way through a run over as many subscriptions as it takes. One caller at a time; disposing it leaves nothing behind, in
/// this process or at the producer.
/// </summary>
internal sealed class RunSubscriptionLoop : IAsyncDisposable
{
    private static readonly TimeSpan FirstBackoff = TimeSpan.FromMilliseconds(100);
    private static readonly TimeSpan LongestBackoff = TimeSpan.FromSeconds(1);
    private static readonly TimeSpan LeavePatience = TimeSpan.FromSeconds(2);

    private readonly RunStreamProvider _provider;
    private readonly IRunStreamExtension _producer;
    private readonly TenantId _tenant;
    private readonly RunId _run;
    private readonly RunInbox _inbox;
    private readonly IRunSubscriber _reference;
    private bool _expectStart;
    private bool _asked;
    private bool _subscribed;

    /// <exception cref="TooManyReadersException">This process has as many as it takes.</exception>
    /// <exception cref="InvalidOperationException">Called on a grain's scheduler: observers belong to clients and hosts.</exception>
    public RunSubscriptionLoop(RunStreamProvider provider, TenantId tenant, SandboxId sandbox, RunId run, long after, bool expectStart)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(after);
        (_provider, _tenant, _run, _expectStart) = (provider, tenant, run, expectStart);
        _producer = provider.Producer(sandbox);
        _inbox = new RunInbox(after, provider.Options, provider.Time);
        _reference = provider.Enter(Id, _inbox);
    }

    public Guid Id { get; } = Guid.NewGuid();

    /// <summary>Rendered bytes that wait to be taken.</summary>
    internal long BufferedBytes => _inbox.Bytes;

    /// <summary>Asks the producer to deliver what has not arrived yet. One attempt.</summary>
    public async Task SubscribeAsync(CancellationToken cancellationToken)
    {
        _asked = true;
        _inbox.Reopen();
        await _producer.Subscribe(Id, _tenant, _run, _inbox.Received, _expectStart, _reference).WaitAsync(cancellationToken);
        _expectStart = false;
        _subscribed = true;
        _inbox.Heard();
    }

    /// <summary>The next batch, once. Not to be called after the one with the exit.</summary>
    /// <exception cref="EventsEvictedException">The next event is gone.</exception>
    /// <exception cref="PodflareException">The producer refuses.</exception>
    public async ValueTask<EventBatch> NextAsync(CancellationToken cancellationToken)
    {
        for (; ; )
        {
            if (_subscribed)
            {
                var (batch, why) = await _inbox.TakeAsync(cancellationToken);
                if (batch is not null) return batch;
                _subscribed = false;
                StreamMetrics.Fallbacks.Add(1, new KeyValuePair<string, object?>("reason", why.ToString().ToLowerInvariant()));
                await PauseAsync(why, cancellationToken);
            }

            await SubscribeAgainAsync(cancellationToken);
        }
    }

    public async ValueTask DisposeAsync()
    {
        _inbox.Close();
        try
        {
            // After the exit the producer has ended by itself.
            if (_asked && !_inbox.HasExit) await _producer.Unsubscribe(Id).WaitAsync(LeavePatience, _provider.Time);
        }
        catch (Exception e) when (e is OrleansException or TimeoutException or PodflareException)
        {
            // The producer is gone, or finds out at its next delivery.
        }
        finally
        {
            _provider.Leave(Id, _reference);
        }
    }

    /// <summary>All readers of a lost silo come at once: they spread over a moment.</summary>
    private Task PauseAsync(InboxBreak why, CancellationToken cancellationToken) => why switch
    {
        InboxBreak.Moved => Task.Delay(FirstBackoff, _provider.Time, cancellationToken),
        InboxBreak.SiloLost => Task.Delay(Random.Shared.NextDouble() * FirstBackoff, _provider.Time, cancellationToken),
        _ => Task.CompletedTask,
    };

    private async Task SubscribeAgainAsync(CancellationToken cancellationToken)
    {
        var start = _provider.Time.GetTimestamp();
        var patience = TimeSpan.FromSeconds(_provider.Options.PatienceSeconds);
        var backoff = new Backoff(FirstBackoff, LongestBackoff, _provider.Time);
        while (true)
        {
            try
            {
                await SubscribeAsync(cancellationToken);
                return;
            }
            catch (Exception e) when (MayPass(e, cancellationToken) && _provider.Time.GetElapsedTime(start) < patience)
            {
                await backoff.WaitAsync(cancellationToken);
            }
        }
    }

    // A cancellation that is not ours is the producer's: it stopped while it was asked.
    private static bool MayPass(Exception exception, CancellationToken cancellationToken) =>
        Transient.IsTransient(exception) || (exception is OperationCanceledException && !cancellationToken.IsCancellationRequested);
}
