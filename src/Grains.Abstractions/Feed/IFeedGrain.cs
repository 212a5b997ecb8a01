using System.Collections.Immutable;
using Orleans.Concurrency;
using Podflare.Sandboxes;

namespace Podflare.Feed;

/// <summary>Shows the numbered events of one tenant to those who wait for them. Key: the tenant's id.</summary>
[Alias("podflare.IFeedGrain")]
public interface IFeedGrain : IGrainWithStringKey
{
    /// <summary>How long a subscription lasts.</summary>
    static readonly TimeSpan SubscriptionLifetime = TimeSpan.FromMinutes(5);

    /// <summary>The feed has new events.</summary>
    [OneWay, AlwaysInterleave, Alias("Notify")]
    Task Notify();

    /// <summary>Notifies a grain of new events from now on, until it has not subscribed again for <see cref="SubscriptionLifetime"/>.</summary>
    [AlwaysInterleave, Alias("Subscribe")]
    Task Subscribe(IFeedSubscriber subscriber);

    /// <summary>Events after a number, oldest first. Where there is none, it waits for one as long as the query says.</summary>
    /// <exception cref="EventsEvictedException">The event after that number is no longer stored.</exception>
    /// <exception cref="StorageUnavailableException">The store does not answer.</exception>
    [AlwaysInterleave, Alias("Read")]
    Task<FeedPage> Read(FeedQuery query, CancellationToken cancellationToken = default);
}

/// <summary>A grain that wants to know of new events.</summary>
[Alias("podflare.IFeedSubscriber")]
public interface IFeedSubscriber : IGrainWithStringKey
{
    /// <summary>The feed may have new events.</summary>
    [OneWay, AlwaysInterleave, Alias("OnAppended")]
    Task OnAppended();
}

/// <summary>Which events to read.</summary>
/// <param name="After">The number of the last event that the reader has; 0 to begin with the oldest that is stored.</param>
/// <param name="Limit">Events in one page, 1 to <see cref="MaxLimit"/>.</param>
/// <param name="Types">Types or groups such as <c>run.*</c>; empty for all.</param>
/// <param name="Sandbox">One sandbox; null for all.</param>
/// <param name="Wait">How long to wait for an event; at most <see cref="MaxWait"/>.</param>
[GenerateSerializer, Immutable, Alias("podflare.FeedQuery")]
public sealed record FeedQuery(
    [property: Id(0)] long After = 0,
    [property: Id(1)] int Limit = 100,
    [property: Id(2)] ImmutableArray<string> Types = default,
    [property: Id(3)] SandboxId? Sandbox = null,
    [property: Id(4)] TimeSpan Wait = default)
{
    public const int MaxLimit = 1_000;

    /// <summary>A grain call has to be answered within the cluster's limit for answers.</summary>
    public static readonly TimeSpan MaxWait = TimeSpan.FromSeconds(10);

    public bool IsWanted(string type, string sandbox) =>
        (Types.IsDefaultOrEmpty || Types.Any(pattern => FeedEventType.Matches(pattern, type))) && (Sandbox is null || Sandbox.Value.Value == sandbox);
}

/// <summary>One event of a feed.</summary>
/// <param name="Json">The event as a JSON object, without its number.</param>
[GenerateSerializer, Immutable, Alias("podflare.FeedEntry")]
public sealed record FeedEntry(
    [property: Id(0)] long Seq, [property: Id(1)] string Id, [property: Id(2)] string Type, [property: Id(3)] string Sandbox, [property: Id(4)] string Json)
{
    /// <summary>The event as the API shows it.</summary>
    public string ToLine() => $$"""{"seq":{{Seq.ToString(System.Globalization.CultureInfo.InvariantCulture)}},{{Json.AsSpan(1)}}""";
}

/// <summary>Events of a feed, oldest first.</summary>
/// <param name="NextAfter">The value of <see cref="FeedQuery.After"/> for the next page.</param>
[GenerateSerializer, Immutable, Alias("podflare.FeedPage")]
public sealed record FeedPage([property: Id(0)] ImmutableArray<FeedEntry> Events, [property: Id(1)] long NextAfter);
