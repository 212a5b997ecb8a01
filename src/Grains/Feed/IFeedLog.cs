using Podflare.Tenants;

namespace Podflare.Feed;

/// <summary>The stored feeds. Two implementations: Redis, and memory for the embedded process. Appends number and recognize events in one step, so any process may append.</summary>
/// <remarks>Every method throws <see cref="StorageUnavailableException"/> when the store does not answer.</remarks>
public interface IFeedLog
{
    /// <summary>Adds those events that the feed has not had, in their order, without gaps in their numbers.</summary>
    /// <returns>The places of the events that were added, within <paramref name="events"/>.</returns>
    Task<IReadOnlyList<int>> AppendAsync(TenantId tenant, IReadOnlyList<FeedEvent> events, CancellationToken cancellationToken);

    /// <summary>Events with a higher number, oldest first.</summary>
    Task<FeedSlice> ReadAsync(TenantId tenant, long after, int count, CancellationToken cancellationToken);
}

/// <summary>A part of a feed.</summary>
/// <param name="Oldest">The number of the oldest event that is stored; where there is none, of the next.</param>
/// <param name="Newest">The number of the newest event that ever was; 0 for none.</param>
public sealed record FeedSlice(long Oldest, long Newest, IReadOnlyList<FeedEntry> Entries);
