namespace Podflare;

/// <summary>Too much at the moment for this caller; <see cref="PodflareApiException.RetryAfter"/> tells when to come back.</summary>
public class ThrottledException : PodflareApiException
{
    /// <summary>Tells a refusal.</summary>
    public ThrottledException(ApiProblem problem)
        : base(problem)
    {
    }
}

/// <summary>Too many calls (<c>rate_limited</c>).</summary>
public sealed class RateLimitedException : ThrottledException
{
    /// <summary>Tells a refusal.</summary>
    public RateLimitedException(ApiProblem problem)
        : base(problem)
    {
    }
}

/// <summary>The caller has as many sandboxes as it may have (<c>sandbox_quota_exceeded</c>).</summary>
public sealed class SandboxQuotaExceededException : ThrottledException
{
    /// <summary>Tells a refusal.</summary>
    public SandboxQuotaExceededException(ApiProblem problem)
        : base(problem)
    {
    }
}

/// <summary>As many runs wait in the sandbox as may wait (<c>run_queue_full</c>).</summary>
public sealed class RunQueueFullException : ThrottledException
{
    /// <summary>Tells a refusal.</summary>
    public RunQueueFullException(ApiProblem problem)
        : base(problem)
    {
    }
}
