namespace Podflare;

/// <summary>The server does not support this feature, or it is switched off (<c>not_offered</c>).</summary>
public sealed class NotOfferedException : PodflareApiException
{
    /// <summary>Creates the exception for an error response.</summary>
    public NotOfferedException(ApiProblem problem)
        : base(problem)
    {
    }
}

/// <summary>The server failed (<c>internal</c>). Its log has details under <see cref="PodflareApiException.TraceId"/>.</summary>
public sealed class ServerErrorException : PodflareApiException
{
    /// <summary>Creates the exception for an error response.</summary>
    public ServerErrorException(ApiProblem problem)
        : base(problem)
    {
    }
}
