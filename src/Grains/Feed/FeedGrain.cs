using System.Collections.Immutable;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;
using Podflare.Hosts;
using Podflare.Resilience;
using Podflare.Streaming;
using Podflare.Tenants;

namespace Podflare.Feed;

/// <inheritdoc cref="IFeedGrain"/>
/// <remarks>It has no state but those who wait and those who subscribed, who subscribe again. Nobody needs it to append, so that no sandbox waits for the worker that it is on.</remarks>
[GrainType("feed"), HostPlacement]
public sealed class FeedGrain(IGrainContext context, IFeedLog log, IOptions<FeedOptions> options, TimeProvider time, ILogger<FeedGrain> logger) : Grain, IFeedGrain
{
    private const int EventsPerRead = 500;
    private const int MaxSubscribers = 1_000;

    // Where a filter fits few events, a page may be empty, and the next one continues.
    private const int MaxReadPerPage = 5_000;

    // A notification is lost with a worker, or goes to another activation.
    private static readonly TimeSpan RecheckInterval = TimeSpan.FromSeconds(2);

    private readonly Dictionary<IFeedSubscriber, long> _subscribers = [];
    private readonly TenantId _tenant = new(context.GrainId.Key.ToString()!);
    private TaskCompletionSource _changed = NewSignal();
    private int _readers;

    public Task Notify()
    {
        var changed = _changed;
        _changed = NewSignal();
        changed.TrySetResult();
        foreach (var (subscriber, at) in _subscribers.ToArray())
        {
            if (time.GetElapsedTime(at) > IFeedGrain.SubscriptionLifetime) _subscribers.Remove(subscriber);
            else Background.Run(logger, "feed subscriber", subscriber.OnAppended());
        }

        return Task.CompletedTask;
    }

    public Task Subscribe(IFeedSubscriber subscriber)
    {
        if (_subscribers.Count < MaxSubscribers || _subscribers.ContainsKey(subscriber)) _subscribers[subscriber] = time.GetTimestamp();
        return Task.CompletedTask;
    }

    public async Task<FeedPage> Read(FeedQuery query, CancellationToken cancellationToken)
    {
        var wait = query.Wait > FeedQuery.MaxWait ? FeedQuery.MaxWait : query.Wait;
        if (wait <= TimeSpan.Zero) return (await ReadOnceAsync(query, query.After, cancellationToken)).Page;
        if (_readers >= options.Value.MaxReaders) throw new TooManyReadersException(options.Value.MaxReaders);
        _readers++;
        try
        {
            return await WaitAsync(query, wait, cancellationToken);
        }
        finally
        {
            _readers--;
        }
    }

    private async Task<FeedPage> WaitAsync(FeedQuery query, TimeSpan wait, CancellationToken cancellationToken)
    {
        var (began, after) = (time.GetTimestamp(), query.After);
        while (true)
        {
            var changed = _changed.Task;
            var (page, isWhole) = await ReadOnceAsync(query, after, cancellationToken);
            var left = wait - time.GetElapsedTime(began);
            if (!page.Events.IsEmpty || !isWhole || left <= TimeSpan.Zero) return page;
            after = page.NextAfter;
            try
            {
                await changed.WaitAsync(left < RecheckInterval ? left : RecheckInterval, time, cancellationToken);
            }
            catch (TimeoutException)
            {
                // Looks once more.
            }
        }
    }

    /// <returns>The page, and whether it reaches to the end of the feed.</returns>
    private async Task<(FeedPage Page, bool IsWhole)> ReadOnceAsync(FeedQuery query, long after, CancellationToken cancellationToken)
    {
        var limit = Math.Clamp(query.Limit, 1, FeedQuery.MaxLimit);
        var found = ImmutableArray.CreateBuilder<FeedEntry>();
        for (var read = 0; read < MaxReadPerPage;)
        {
            var slice = await log.ReadAsync(_tenant, after, EventsPerRead, cancellationToken);
            // A number beyond the newest is one of a store that came back with older data.
            if (after > 0 && (after < slice.Oldest - 1 || after > slice.Newest)) throw new EventsEvictedException(slice.Oldest);
            foreach (var entry in slice.Entries)
            {
                after = entry.Seq;
                if (query.IsWanted(entry.Type, entry.Sandbox)) found.Add(entry);
                if (found.Count == limit) return (new FeedPage(found.ToImmutable(), after), false);
            }

            read += slice.Entries.Count;
            if (slice.Entries.Count < EventsPerRead) return (new FeedPage(found.ToImmutable(), Math.Max(after, slice.Newest)), true);
        }

        return (new FeedPage(found.ToImmutable(), after), false);
    }

    private static TaskCompletionSource NewSignal() => new(TaskCreationOptions.RunContinuationsAsynchronously);
}
