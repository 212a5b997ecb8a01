namespace Podflare;

/// <summary>A field is of the wrong type or out of range (<c>invalid_request</c>).</summary>
public sealed class InvalidRequestException : PodflareApiException
{
    /// <summary>Creates the exception for an error response.</summary>
    public InvalidRequestException(ApiProblem problem)
        : base(problem)
    {
    }

    /// <summary>The errors of each invalid field.</summary>
    public IReadOnlyDictionary<string, IReadOnlyList<string>> Errors => Problem.Errors;
}

/// <summary>A <c>traceparent</c> field is not valid (<c>invalid_traceparent</c>).</summary>
public sealed class InvalidTraceParentException : PodflareApiException
{
    /// <summary>Creates the exception for an error response.</summary>
    public InvalidTraceParentException(ApiProblem problem)
        : base(problem)
    {
    }
}

/// <summary>The idempotency key was used before with a different request (<c>idempotency_key_reused</c>).</summary>
public sealed class IdempotencyKeyReusedException : PodflareApiException
{
    /// <summary>Creates the exception for an error response.</summary>
    public IdempotencyKeyReusedException(ApiProblem problem)
        : base(problem)
    {
    }
}

/// <summary>The code is larger than the server accepts (<c>code_too_large</c>).</summary>
public sealed class CodeTooLargeException : PodflareApiException
{
    /// <summary>Creates the exception for an error response.</summary>
    public CodeTooLargeException(ApiProblem problem)
        : base(problem)
    {
    }
}
