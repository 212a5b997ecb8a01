using System.Collections.Immutable;

namespace Podflare.Webhooks;

/// <summary>Whether a webhook is called.</summary>
[GenerateSerializer, Alias("podflare.WebhookState")]
public enum WebhookState
{
    Active,

    /// <summary>By its tenant, or because its receiver failed for too long.</summary>
    Disabled,
}

/// <summary>What somebody wants to be told, and where.</summary>
/// <param name="Events">Types of events, or groups such as <c>run.*</c>.</param>
[GenerateSerializer, Immutable, Alias("podflare.WebhookSpec")]
public sealed record WebhookSpec([property: Id(0)] string Url, [property: Id(1)] ImmutableArray<string> Events, [property: Id(2)] string Description = "");

/// <summary>What to change of a webhook; null leaves it.</summary>
[GenerateSerializer, Immutable, Alias("podflare.WebhookUpdate")]
public sealed record WebhookUpdate
{
    [Id(0)] public string? Url { get; init; }

    /// <summary>Default to leave them.</summary>
    [Id(1)] public ImmutableArray<string> Events { get; init; }

    [Id(2)] public string? Description { get; init; }

    [Id(3)] public WebhookState? State { get; init; }
}

/// <summary>A webhook as its tenant sees it.</summary>
/// <param name="DisabledBecause">Null while it is active.</param>
/// <param name="Pending">Deliveries that wait for their first or next attempt.</param>
/// <param name="Skipped">Events that had left the feed before the webhook could be called with them.</param>
[GenerateSerializer, Immutable, Alias("podflare.WebhookInfo")]
public sealed record WebhookInfo(
    [property: Id(0)] WebhookId Id,
    [property: Id(1)] string Url,
    [property: Id(2)] ImmutableArray<string> Events,
    [property: Id(3)] string Description,
    [property: Id(4)] WebhookState State,
    [property: Id(5)] string? DisabledBecause,
    [property: Id(6)] DateTimeOffset CreatedAt,
    [property: Id(7)] int Pending,
    [property: Id(8)] long Skipped);

/// <summary>A webhook and its secret, which is shown once.</summary>
[GenerateSerializer, Immutable, Alias("podflare.WebhookSecret")]
public sealed record WebhookSecret([property: Id(0)] WebhookInfo Webhook, [property: Id(1)] string Secret);

/// <summary>Where a delivery stands.</summary>
[GenerateSerializer, Alias("podflare.DeliveryState")]
public enum DeliveryState
{
    Pending,
    Delivered,
    Failed,
}

/// <summary>One call.</summary>
/// <param name="Outcome">The status code of the response, or <c>timeout</c>, <c>connect</c> or <c>address_refused</c>.</param>
[GenerateSerializer, Immutable, Alias("podflare.DeliveryAttempt")]
public sealed record DeliveryAttempt([property: Id(0)] DateTimeOffset At, [property: Id(1)] string Outcome, [property: Id(2)] double Ms);

/// <summary>One event on its way to a webhook.</summary>
/// <param name="Seq">Null for a test, which is no event of the feed.</param>
[GenerateSerializer, Immutable, Alias("podflare.WebhookDelivery")]
public sealed record WebhookDelivery(
    [property: Id(0)] string EventId,
    [property: Id(1)] long? Seq,
    [property: Id(2)] string Type,
    [property: Id(3)] DeliveryState State,
    [property: Id(4)] ImmutableArray<DeliveryAttempt> Attempts,
    [property: Id(5)] DateTimeOffset? NextAt);
