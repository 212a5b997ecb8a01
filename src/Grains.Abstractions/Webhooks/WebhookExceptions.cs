namespace Podflare.Webhooks;

/// <summary>The tenant has no such webhook.</summary>
[GenerateSerializer, Alias("podflare.WebhookNotFoundException")]
public sealed class WebhookNotFoundException() : PodflareException("webhook not found");

/// <summary>The webhook has no such delivery, or has forgotten it.</summary>
[GenerateSerializer, Alias("podflare.DeliveryNotFoundException")]
public sealed class DeliveryNotFoundException() : PodflareException("the webhook has no delivery of an event with this seq");

/// <summary>The tenant has as many webhooks as it may have.</summary>
[GenerateSerializer, Alias("podflare.WebhookQuotaExceededException")]
public sealed class WebhookQuotaExceededException(int limit) : PodflareException($"the tenant has {limit} webhooks, which is its limit; delete one first")
{
    [Id(0)]
    public int Limit { get; } = limit;
}

/// <summary>A webhook that is disabled cannot be called.</summary>
[GenerateSerializer, Alias("podflare.WebhookDisabledException")]
public sealed class WebhookDisabledException() : PodflareException("the webhook is disabled; set its state to active first");

/// <summary>A webhook may not have this address.</summary>
[GenerateSerializer, Alias("podflare.WebhookAddressException")]
public sealed class WebhookAddressException(string problem) : PodflareException($"the address of the webhook is refused: {problem}");

/// <summary>The server has no key with which it could keep secrets.</summary>
[GenerateSerializer, Alias("podflare.SecretKeyMissingException")]
public sealed class SecretKeyMissingException() : PodflareException("webhooks and telemetry destinations are not offered by this server: its operator has to set PODFLARE_SECRET_KEY");
