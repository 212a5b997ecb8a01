using System.Collections.Immutable;

namespace Podflare.Webhooks;

/// <summary>What is stored of a webhook.</summary>
[GenerateSerializer, Immutable, Alias("podflare.WebhookRecord")]
public sealed record WebhookRecord
{
    [Id(0)] public string Url { get; init; } = "";

    [Id(1)] public ImmutableArray<string> Events { get; init; } = [];

    [Id(2)] public string Description { get; init; } = "";

    [Id(3)] public WebhookState State { get; init; }

    [Id(4)] public string? DisabledBecause { get; init; }

    [Id(5)] public DateTimeOffset CreatedAt { get; init; }

    /// <summary>The secret that signs, sealed.</summary>
    [Id(6)] public string Secret { get; init; } = "";

    /// <summary>The secret before, sealed, which signs too for a while.</summary>
    [Id(7)] public string? OldSecret { get; init; }

    [Id(8)] public DateTimeOffset? OldSecretUntil { get; init; }

    /// <summary>The number of the last event of the feed that was looked at.</summary>
    [Id(9)] public long Cursor { get; init; }

    /// <summary>Events that had left the feed before.</summary>
    [Id(10)] public long Skipped { get; init; }

    /// <summary>In the order of the feed.</summary>
    [Id(11)] public ImmutableArray<PendingDelivery> Pending { get; init; } = [];

    /// <summary>The last deliveries that have ended, oldest first.</summary>
    [Id(12)] public ImmutableArray<WebhookDelivery> Log { get; init; } = [];

    /// <summary>The receiver has asked for no calls until then.</summary>
    [Id(13)] public DateTimeOffset? PausedUntil { get; init; }

    public WebhookInfo ToInfo(WebhookId id) => new(id, Url, Events, Description, State, DisabledBecause, CreatedAt, Pending.Length, Skipped);
}

/// <summary>An event that waits for its first or next attempt.</summary>
/// <param name="Seq">Null for a test.</param>
/// <param name="Body">What is sent.</param>
/// <param name="Tries">Attempts of the schedule that were made.</param>
[GenerateSerializer, Immutable, Alias("podflare.PendingDelivery")]
public sealed record PendingDelivery(
    [property: Id(0)] string EventId,
    [property: Id(1)] long? Seq,
    [property: Id(2)] string Type,
    [property: Id(3)] string Body,
    [property: Id(4)] ImmutableArray<DeliveryAttempt> Attempts,
    [property: Id(5)] int Tries,
    [property: Id(6)] DateTimeOffset NextAt)
{
    public WebhookDelivery ToDelivery(DeliveryState state) => new(EventId, Seq, Type, state, Attempts, state is DeliveryState.Pending ? NextAt : null);
}
