using System.Diagnostics.CodeAnalysis;
using Microsoft.Extensions.Logging;
using Orleans.Providers.Streams.Common;
using Orleans.Streams;

namespace Podflare.Streaming;

/// <summary>One observer of one run. It belongs to the process that made it and cannot be stored.</summary>
[SuppressMessage("Design", "CA1001", Justification = "A cancellation source without a timer has nothing to dispose of; handles have no end of life of their own.")]
internal sealed partial class RunSubscription : StreamSubscriptionHandle<EventBatch>
{
    private readonly RunStream _stream;
    private readonly RunStreamProvider _provider;
    private readonly RunSubscriptionLoop _reading;
    private readonly IAsyncObserver<EventBatch> _observer;
    private readonly CancellationTokenSource _stop = new();
    private readonly ILogger _logger;
    private Task _driving = Task.CompletedTask;

    private RunSubscription(RunStream stream, RunStreamProvider provider, RunSubscriptionLoop reading, IAsyncObserver<EventBatch> observer) =>
        (_stream, _provider, _reading, _observer, _logger) = (stream, provider, reading, observer, provider.Logger);

    public override StreamId StreamId => _stream.StreamId;

    public override string ProviderName => _stream.ProviderName;

    public override Guid HandleId => _reading.Id;

    /// <summary>Subscribes once, so that the caller learns why it cannot be done; only later failures are tried again.</summary>
    public static async Task<RunSubscription> StartAsync(
        RunStream stream, RunStreamProvider provider, RunSubscriptionLoop reading, IAsyncObserver<EventBatch> observer)
    {
        try
        {
            await reading.SubscribeAsync(CancellationToken.None);
        }
        catch
        {
            await reading.DisposeAsync();
            throw;
        }

        var subscription = new RunSubscription(stream, provider, reading, observer);
        provider.Subscriptions[reading.Id] = subscription;
        subscription._driving = subscription.DriveAsync();
        return subscription;
    }

    /// <summary>Ends the subscription; a call of the observer that is under way is waited for. Not to be called from the observer.</summary>
    public override async Task UnsubscribeAsync()
    {
        await _stop.CancelAsync();
        await _driving;
    }

    public override async Task<StreamSubscriptionHandle<EventBatch>> ResumeAsync(IAsyncObserver<EventBatch> observer, StreamSequenceToken? token = null)
    {
        await UnsubscribeAsync();
        return await _stream.SubscribeAsync(observer, token);
    }

    public override async Task<StreamSubscriptionHandle<EventBatch>> ResumeAsync(IAsyncBatchObserver<EventBatch> observer, StreamSequenceToken? token = null)
    {
        await UnsubscribeAsync();
        return await _stream.SubscribeAsync(observer, token);
    }

    public override bool Equals(StreamSubscriptionHandle<EventBatch>? other) => other?.HandleId == HandleId;

    private async Task DriveAsync()
    {
        try
        {
            for (; ; )
            {
                var batch = await _reading.NextAsync(_stop.Token);
                await _observer.OnNextAsync(batch, new EventSequenceTokenV2(batch.LastSeq));
                if (!batch.HasExit) continue;
                await _observer.OnCompletedAsync();
                return;
            }
        }
        catch (OperationCanceledException) when (_stop.IsCancellationRequested)
        {
            // Unsubscribed.
        }
        catch (Exception e)
        {
            await TellAsync(e);
        }
        finally
        {
            _provider.Subscriptions.TryRemove(HandleId, out _);
            await _reading.DisposeAsync();
        }
    }

    private async Task TellAsync(Exception exception)
    {
        try
        {
            await _observer.OnErrorAsync(exception);
        }
        catch (Exception e)
        {
            LogObserverFailed(e, HandleId);
        }
    }

    [LoggerMessage(LogLevel.Warning, "The observer of subscription {Id} failed.")]
    private partial void LogObserverFailed(Exception exception, Guid id);
}
