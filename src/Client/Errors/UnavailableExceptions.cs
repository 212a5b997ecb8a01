namespace Podflare;

/// <summary>The server cannot do it for now; <see cref="PodflareApiException.RetryAfter"/> tells when to come back.</summary>
public class UnavailableException : PodflareApiException
{
    /// <summary>Tells a refusal.</summary>
    public UnavailableException(ApiProblem problem)
        : base(problem)
    {
    }
}

/// <summary>No host has room for one more sandbox (<c>no_capacity</c>).</summary>
public sealed class NoCapacityException : UnavailableException
{
    /// <summary>Tells a refusal.</summary>
    public NoCapacityException(ApiProblem problem)
        : base(problem)
    {
    }
}

/// <summary>The server is about to stop (<c>shutting_down</c>).</summary>
public sealed class ShuttingDownException : UnavailableException
{
    /// <summary>Tells a refusal.</summary>
    public ShuttingDownException(ApiProblem problem)
        : base(problem)
    {
    }
}

/// <summary>The server cannot reach its storage (<c>storage_unavailable</c>).</summary>
public sealed class StorageUnavailableException : UnavailableException
{
    /// <summary>Tells a refusal.</summary>
    public StorageUnavailableException(ApiProblem problem)
        : base(problem)
    {
    }
}

/// <summary>The worker or guest of the sandbox does not answer for now (<c>sandbox_unreachable</c>).</summary>
public sealed class SandboxUnreachableException : UnavailableException
{
    /// <summary>Tells a refusal.</summary>
    public SandboxUnreachableException(ApiProblem problem)
        : base(problem)
    {
    }
}
