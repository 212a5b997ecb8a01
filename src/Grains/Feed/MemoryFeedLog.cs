using System.Collections.Concurrent;
using Microsoft.Extensions.Options;
using Podflare.Tenants;

namespace Podflare.Feed;

/// <summary>The feeds of the embedded process: they end with it, as its sandboxes do.</summary>
public sealed class MemoryFeedLog(IOptions<FeedOptions> options, TimeProvider time) : IFeedLog
{
    // After a restart numbers go on above those of before, so that a reader with an old number learns that events are gone.
    private readonly long _start = time.GetUtcNow().ToUnixTimeMilliseconds();
    private readonly ConcurrentDictionary<TenantId, TenantFeed> _feeds = new();

    public Task<IReadOnlyList<int>> AppendAsync(TenantId tenant, IReadOnlyList<FeedEvent> events, CancellationToken cancellationToken)
    {
        var feed = _feeds.GetOrAdd(tenant, _ => new TenantFeed(_start));
        lock (feed) return Task.FromResult<IReadOnlyList<int>>(feed.Append(events, options.Value, time.GetUtcNow()));
    }

    public Task<FeedSlice> ReadAsync(TenantId tenant, long after, int count, CancellationToken cancellationToken)
    {
        if (!_feeds.TryGetValue(tenant, out var feed)) return Task.FromResult(new FeedSlice(_start + 1, _start, []));
        lock (feed) return Task.FromResult(feed.Read(after, count));
    }

    private sealed class TenantFeed(long start)
    {
        private readonly LinkedList<(DateTimeOffset At, FeedEntry Entry)> _entries = new();
        private readonly HashSet<string> _ids = new(StringComparer.Ordinal);
        private readonly Queue<(DateTimeOffset At, string Id)> _order = new();
        private long _newest = start;

        public List<int> Append(IReadOnlyList<FeedEvent> events, FeedOptions options, DateTimeOffset now)
        {
            List<int> added = [];
            for (var i = 0; i < events.Count; i++)
            {
                var told = events[i];
                if ((told.ObsoleteAfter is { } obsolete && _ids.Contains(obsolete)) || !_ids.Add(told.Id)) continue;
                _order.Enqueue((now, told.Id));
                _entries.AddLast((now, FeedJson.Read(++_newest, FeedJson.Write(told))));
                added.Add(i);
            }

            var oldest = now.AddHours(-options.Hours);
            while (_entries.Count > options.Events || (_entries.First is { } first && first.Value.At < oldest)) _entries.RemoveFirst();
            while (_order.Count > FeedLimits.KnownIds(options) || (_order.TryPeek(out var known) && known.At < oldest)) _ids.Remove(_order.Dequeue().Id);
            return added;
        }

        public FeedSlice Read(long after, int count)
        {
            // Readers are mostly near the end.
            var node = _entries.Last;
            while (node?.Previous is { } previous && previous.Value.Entry.Seq > after) node = previous;
            List<FeedEntry> found = [];
            for (; node is not null && found.Count < count; node = node.Next)
                if (node.Value.Entry.Seq > after) found.Add(node.Value.Entry);
            return new FeedSlice(_entries.First?.Value.Entry.Seq ?? _newest + 1, _newest, found);
        }
    }
}
