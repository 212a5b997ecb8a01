using System.Text.Json.Serialization;

namespace Podflare;

/// <summary>Where a delivery stands.</summary>
[JsonConverter(typeof(WireEnumConverter<WebhookDeliveryState>))]
public enum WebhookDeliveryState
{
    /// <summary>A state that this version does not know.</summary>
    Unknown,

    /// <summary>It waits for an attempt.</summary>
    Pending,

    /// <summary>The receiver has accepted it.</summary>
    Delivered,

    /// <summary>It is not tried again.</summary>
    Failed,
}

/// <summary>One event on its way to a webhook.</summary>
public sealed record WebhookDelivery
{
    /// <summary>The ID of the event.</summary>
    public required string EventId { get; init; }

    /// <summary>The number of the event; null for a test.</summary>
    public long? EventSeq { get; init; }

    /// <summary>The type of the event.</summary>
    public string Type { get; init => field = value ?? ""; } = "";

    /// <summary>Where it stands.</summary>
    public WebhookDeliveryState State { get; init; }

    /// <summary>The calls that were made, oldest first.</summary>
    public IReadOnlyList<WebhookAttempt> Attempts { get; init => field = value ?? []; } = [];

    /// <summary>When it is tried next.</summary>
    public DateTimeOffset? NextAt { get; init; }
}

/// <summary>One call of a webhook.</summary>
public sealed record WebhookAttempt
{
    /// <summary>When it was made.</summary>
    [JsonPropertyName("ts")]
    public DateTimeOffset At { get; init; }

    /// <summary>The status of the response, or <c>timeout</c>, <c>connect</c> or <c>address_refused</c>.</summary>
    public string Outcome { get; init => field = value ?? ""; } = "";

    /// <summary>How long it took.</summary>
    [JsonIgnore]
    public TimeSpan Duration => TimeSpan.FromMilliseconds(Ms);

    /// <summary>How long it took, in milliseconds.</summary>
    public double Ms { get; init; }
}

internal sealed record DeliveryList
{
    public IReadOnlyList<WebhookDelivery> Deliveries { get; init => field = value ?? []; } = [];
}
