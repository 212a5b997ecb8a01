namespace Podflare.Feed;

/// <summary>Limits of feeds that follow from <see cref="FeedOptions"/>.</summary>
internal static class FeedLimits
{
    // A fact may be told again after its event has left a busy feed: ids are small, so more of them are kept.
    private const int MinKnownIds = 50_000;

    /// <summary>Ids of events that a feed recognizes.</summary>
    public static int KnownIds(FeedOptions options) => Math.Max(options.Events, MinKnownIds);
}
