using System.Text.Json.Serialization;
using Podflare.Http;

namespace Podflare.Webhooks;

/// <summary>The JSON representation of a webhook.</summary>
internal sealed record WebhookJson(
    string Id,
    [property: JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)] string? Secret,
    string Url,
    IReadOnlyList<string> Events,
    string Description,
    string State,
    string? DisabledBecause,
    string CreatedAt,
    int Pending,
    long Skipped)
{
    /// <param name="secret">Shown once, in the answer to the request that drew it.</param>
    public static WebhookJson Of(WebhookInfo webhook, string? secret = null) => new(
        webhook.Id.Value, secret, webhook.Url, webhook.Events, webhook.Description, webhook.State.ToString().ToLowerInvariant(), webhook.DisabledBecause,
        Timestamps.ToRfc3339(webhook.CreatedAt), webhook.Pending, webhook.Skipped);
}

internal sealed record WebhookListJson(IReadOnlyList<WebhookJson> Webhooks);

/// <summary>The JSON representation of a delivery.</summary>
internal sealed record DeliveryJson(string EventId, long? EventSeq, string Type, string State, IReadOnlyList<AttemptJson> Attempts, string? NextAt)
{
    public static DeliveryJson Of(WebhookDelivery delivery) => new(
        delivery.EventId, delivery.Seq, delivery.Type, delivery.State.ToString().ToLowerInvariant(),
        [.. delivery.Attempts.Select(attempt => new AttemptJson(Timestamps.ToRfc3339(attempt.At), attempt.Outcome, attempt.Ms))],
        delivery.NextAt is { } next ? Timestamps.ToRfc3339(next) : null);
}

internal sealed record AttemptJson(string Ts, string Outcome, double Ms);

internal sealed record DeliveryListJson(IReadOnlyList<DeliveryJson> Deliveries);

[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.SnakeCaseLower)]
[JsonSerializable(typeof(WebhookJson))]
[JsonSerializable(typeof(WebhookListJson))]
[JsonSerializable(typeof(DeliveryListJson))]
internal sealed partial class WebhookJsonContext : JsonSerializerContext;
