namespace Podflare;

/// <summary>The API key is missing or not valid (<c>missing_api_key</c>, <c>invalid_api_key</c>).</summary>
public sealed class UnauthorizedException : PodflareApiException
{
    /// <summary>Creates the exception for an error response.</summary>
    public UnauthorizedException(ApiProblem problem)
        : base(problem)
    {
    }
}

/// <summary>The API key lacks the required scope (<c>insufficient_scope</c>).</summary>
public sealed class InsufficientScopeException : PodflareApiException
{
    /// <summary>Creates the exception for an error response.</summary>
    public InsufficientScopeException(ApiProblem problem)
        : base(problem)
    {
    }
}
