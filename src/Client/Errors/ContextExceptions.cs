namespace Podflare;

/// <summary>The sandbox has no such context (<c>context_not_found</c>).</summary>
public sealed class ContextNotFoundException : NotFoundException
{
    /// <summary>Creates the exception for an error response.</summary>
    public ContextNotFoundException(ApiProblem problem)
        : base(problem)
    {
    }
}

/// <summary>A context with this ID and other options exists (<c>context_exists</c>).</summary>
public sealed class ContextExistsException : PodflareApiException
{
    /// <summary>Creates the exception for an error response.</summary>
    public ContextExistsException(ApiProblem problem)
        : base(problem)
    {
    }
}

/// <summary>The context cannot be deleted (<c>context_required</c>).</summary>
public sealed class ContextRequiredException : PodflareApiException
{
    /// <summary>Creates the exception for an error response.</summary>
    public ContextRequiredException(ApiProblem problem)
        : base(problem)
    {
    }
}
