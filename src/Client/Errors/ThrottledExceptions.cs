namespace Podflare;

/// <summary>The caller exceeds a limit. <see cref="PodflareApiException.RetryAfter"/> says when to retry.</summary>
public class ThrottledException : PodflareApiException
{
    /// <summary>Creates the exception for an error response.</summary>
    public ThrottledException(ApiProblem problem)
        : base(problem)
    {
    }
}

/// <summary>Too many calls (<c>rate_limited</c>).</summary>
public sealed class RateLimitedException : ThrottledException
{
    /// <summary>Creates the exception for an error response.</summary>
    public RateLimitedException(ApiProblem problem)
        : base(problem)
    {
    }
}

/// <summary>The tenant has the maximum number of sandboxes, or the maximum of memory in them (<c>sandbox_quota_exceeded</c>).</summary>
public sealed class SandboxQuotaExceededException : ThrottledException
{
    /// <summary>Creates the exception for an error response.</summary>
    public SandboxQuotaExceededException(ApiProblem problem)
        : base(problem)
    {
    }
}

/// <summary>As many runs of the tenant execute as may at the same time (<c>run_quota_exceeded</c>).</summary>
public sealed class RunQuotaExceededException : ThrottledException
{
    /// <summary>Creates the exception for an error response.</summary>
    public RunQuotaExceededException(ApiProblem problem)
        : base(problem)
    {
    }
}

/// <summary>The output of the tenant's open runs uses all the storage that the tenant may use (<c>output_quota_exceeded</c>).</summary>
public sealed class OutputQuotaExceededException : ThrottledException
{
    /// <summary>Creates the exception for an error response.</summary>
    public OutputQuotaExceededException(ApiProblem problem)
        : base(problem)
    {
    }
}

/// <summary>The maximum number of runs is queued in the sandbox (<c>run_queue_full</c>).</summary>
public sealed class RunQueueFullException : ThrottledException
{
    /// <summary>Creates the exception for an error response.</summary>
    public RunQueueFullException(ApiProblem problem)
        : base(problem)
    {
    }
}

/// <summary>
/// The output that the server keeps of the runs of the sandbox or tenant (status 429) or of the whole cluster (503) has reached its limit, so the
/// run was not started (<c>log_budget_exceeded</c>). Wait for open runs to end, interrupt one, or delete sandboxes.
/// </summary>
public sealed class LogBudgetExceededException : ThrottledException
{
    /// <summary>Creates the exception for an error response.</summary>
    public LogBudgetExceededException(ApiProblem problem)
        : base(problem)
    {
    }
}

/// <summary>The run does not read its standard input, and the sandbox keeps no more of it (<c>stdin_full</c>).</summary>
public sealed class StdinFullException : ThrottledException
{
    /// <summary>Creates the exception for an error response.</summary>
    public StdinFullException(ApiProblem problem)
        : base(problem)
    {
    }
}

/// <summary>The sandbox has the maximum number of contexts (<c>context_quota_exceeded</c>).</summary>
public sealed class ContextQuotaExceededException : ThrottledException
{
    /// <summary>Creates the exception for an error response.</summary>
    public ContextQuotaExceededException(ApiProblem problem)
        : base(problem)
    {
    }
}

/// <summary>The tenant has the maximum number of API keys (<c>key_quota_exceeded</c>).</summary>
public sealed class KeyQuotaExceededException : ThrottledException
{
    /// <summary>Creates the exception for an error response.</summary>
    public KeyQuotaExceededException(ApiProblem problem)
        : base(problem)
    {
    }
}
