namespace Podflare;

/// <summary>The webhook does not exist, or belongs to another tenant (<c>webhook_not_found</c>).</summary>
public sealed class WebhookNotFoundException : NotFoundException
{
    /// <summary>Creates the exception for an error response.</summary>
    public WebhookNotFoundException(ApiProblem problem)
        : base(problem)
    {
    }
}

/// <summary>The webhook has no delivery of this event (any more) (<c>delivery_not_found</c>).</summary>
public sealed class DeliveryNotFoundException : NotFoundException
{
    /// <summary>Creates the exception for an error response.</summary>
    public DeliveryNotFoundException(ApiProblem problem)
        : base(problem)
    {
    }
}

/// <summary>The webhook is disabled and cannot be called (<c>webhook_disabled</c>).</summary>
public sealed class WebhookDisabledException : PodflareApiException
{
    /// <summary>Creates the exception for an error response.</summary>
    public WebhookDisabledException(ApiProblem problem)
        : base(problem)
    {
    }
}

/// <summary>A webhook may not have this address (<c>address_refused</c>).</summary>
public sealed class AddressRefusedException : PodflareApiException
{
    /// <summary>Creates the exception for an error response.</summary>
    public AddressRefusedException(ApiProblem problem)
        : base(problem)
    {
    }
}

/// <summary>The tenant has as many webhooks as it may have (<c>webhook_quota_exceeded</c>).</summary>
public sealed class WebhookQuotaExceededException : ThrottledException
{
    /// <summary>Creates the exception for an error response.</summary>
    public WebhookQuotaExceededException(ApiProblem problem)
        : base(problem)
    {
    }
}
