using System.Diagnostics.CodeAnalysis;
using Microsoft.Extensions.Logging;
using Orleans.Providers.Streams.Common;
using Orleans.Streams;

namespace Podflare.Streaming;

/// <summary>One observer of one run. It belongs to the process that made it and cannot be stored.</summary>
[SuppressMessage("Design", "CA1001", Justification = "A cancellation source without a timer has nothing to dispose of; handles have no end of life of their own.")]
internal sealed partial class RunStreamHandle : StreamSubscriptionHandle<EventBatch>
{
    private readonly RunStream _stream;
    private readonly RunStreamProvider _provider;
    private readonly RunSubscription _subscription;
    private readonly IAsyncObserver<EventBatch> _observer;
    private readonly CancellationTokenSource _stop;
    private readonly ILogger _logger;
    private Task _driving = Task.CompletedTask;

    private RunStreamHandle(RunStream stream, RunStreamProvider provider, RunSubscription subscription, IAsyncObserver<EventBatch> observer, CancellationTokenSource stop) =>
        (_stream, _provider, _subscription, _observer, _stop, _logger) = (stream, provider, subscription, observer, stop, provider.Logger);

    public override StreamId StreamId => _stream.StreamId;

    public override string ProviderName => _stream.ProviderName;

    public override Guid HandleId => _subscription.Id;

    /// <summary>Subscribes once, so that the caller learns why it cannot be done; only later failures are tried again.</summary>
    /// <param name="open">Opens the subscription, which the token ends.</param>
    public static async Task<RunStreamHandle> StartAsync(
        RunStream stream, RunStreamProvider provider, Func<CancellationToken, RunSubscription> open, IAsyncObserver<EventBatch> observer)
    {
        var stop = new CancellationTokenSource();
        var subscription = open(stop.Token);
        try
        {
            await subscription.SubscribeAsync();
        }
        catch
        {
            await subscription.DisposeAsync();
            throw;
        }

        var handle = new RunStreamHandle(stream, provider, subscription, observer, stop);
        provider.Handles[subscription.Id] = handle;
        handle._driving = handle.DriveAsync();
        return handle;
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
                var batch = await _subscription.NextAsync();
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
            await ReportAsync(e);
        }
        finally
        {
            _provider.Handles.TryRemove(HandleId, out _);
            await _subscription.DisposeAsync();
        }
    }

    private async Task ReportAsync(Exception exception)
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
