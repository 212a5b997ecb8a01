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

/// <summary>The API key lacks the required scope (<c>insufficient_scope</c>). <see cref="ApiProblem.RequiredScopes"/> names it.</summary>
public sealed class InsufficientScopeException : PodflareApiException
{
    /// <summary>Creates the exception for an error response.</summary>
    public InsufficientScopeException(ApiProblem problem)
        : base(problem)
    {
    }
}

/// <summary>The API key is set in the environment of the server, and cannot be changed over the API (<c>key_from_environment</c>).</summary>
public sealed class KeyFromEnvironmentException : PodflareApiException
{
    /// <summary>Creates the exception for an error response.</summary>
    public KeyFromEnvironmentException(ApiProblem problem)
        : base(problem)
    {
    }
}

/// <summary>There is, or was, a tenant with this id (<c>tenant_exists</c>).</summary>
public sealed class TenantExistsException : PodflareApiException
{
    /// <summary>Creates the exception for an error response.</summary>
    public TenantExistsException(ApiProblem problem)
        : base(problem)
    {
    }
}

/// <summary>An administrator has suspended the tenant of the API key (<c>tenant_suspended</c>).</summary>
public sealed class TenantSuspendedException : PodflareApiException
{
    /// <summary>Creates the exception for an error response.</summary>
    public TenantSuspendedException(ApiProblem problem)
        : base(problem)
    {
    }
}
