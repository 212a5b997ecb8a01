namespace Podflare;

/// <summary>A field is of the wrong type or out of range (<c>invalid_request</c>).</summary>
public sealed class InvalidRequestException : PodflareApiException
{
    /// <summary>Tells a refusal.</summary>
    public InvalidRequestException(ApiProblem problem)
        : base(problem)
    {
    }

    /// <summary>What is wrong with which field.</summary>
    public IReadOnlyDictionary<string, IReadOnlyList<string>> Errors => Problem.Errors;
}

/// <summary>An explicit <c>traceparent</c> is not valid (<c>invalid_traceparent</c>).</summary>
public sealed class InvalidTraceParentException : PodflareApiException
{
    /// <summary>Tells a refusal.</summary>
    public InvalidTraceParentException(ApiProblem problem)
        : base(problem)
    {
    }
}

/// <summary>The idempotency key was used before, with another request (<c>idempotency_key_reused</c>).</summary>
public sealed class IdempotencyKeyReusedException : PodflareApiException
{
    /// <summary>Tells a refusal.</summary>
    public IdempotencyKeyReusedException(ApiProblem problem)
        : base(problem)
    {
    }
}

/// <summary>The code is larger than the server takes (<c>code_too_large</c>).</summary>
public sealed class CodeTooLargeException : PodflareApiException
{
    /// <summary>Tells a refusal.</summary>
    public CodeTooLargeException(ApiProblem problem)
        : base(problem)
    {
    }
}
