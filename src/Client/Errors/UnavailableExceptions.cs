namespace Podflare;

/// <summary>The server is temporarily unavailable. <see cref="PodflareApiException.RetryAfter"/> says when to retry.</summary>
public class UnavailableException : PodflareApiException
{
    /// <summary>Creates the exception for an error response.</summary>
    public UnavailableException(ApiProblem problem)
        : base(problem)
    {
    }
}

/// <summary>No host has capacity for another sandbox (<c>no_capacity</c>).</summary>
public sealed class NoCapacityException : UnavailableException
{
    /// <summary>Creates the exception for an error response.</summary>
    public NoCapacityException(ApiProblem problem)
        : base(problem)
    {
    }
}

/// <summary>The server is shutting down (<c>shutting_down</c>).</summary>
public sealed class ShuttingDownException : UnavailableException
{
    /// <summary>Creates the exception for an error response.</summary>
    public ShuttingDownException(ApiProblem problem)
        : base(problem)
    {
    }
}

/// <summary>The server cannot reach its storage (<c>storage_unavailable</c>).</summary>
public sealed class StorageUnavailableException : UnavailableException
{
    /// <summary>Creates the exception for an error response.</summary>
    public StorageUnavailableException(ApiProblem problem)
        : base(problem)
    {
    }
}

/// <summary>The worker or the guest of the sandbox does not answer (<c>sandbox_unreachable</c>).</summary>
public sealed class SandboxUnreachableException : UnavailableException
{
    /// <summary>Creates the exception for an error response.</summary>
    public SandboxUnreachableException(ApiProblem problem)
        : base(problem)
    {
    }
}
