namespace Podflare;

/// <summary>The API key is missing or not valid (<c>missing_api_key</c>, <c>invalid_api_key</c>).</summary>
public sealed class UnauthorizedException : PodflareApiException
{
    /// <summary>Tells a refusal.</summary>
    public UnauthorizedException(ApiProblem problem)
        : base(problem)
    {
    }
}

/// <summary>The API key does not allow this (<c>insufficient_scope</c>).</summary>
public sealed class InsufficientScopeException : PodflareApiException
{
    /// <summary>Tells a refusal.</summary>
    public InsufficientScopeException(ApiProblem problem)
        : base(problem)
    {
    }
}
