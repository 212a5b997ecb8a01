namespace Podflare;

/// <summary>The server does not have this, or it is switched off (<c>not_offered</c>).</summary>
public sealed class NotOfferedException : PodflareApiException
{
    /// <summary>Tells a refusal.</summary>
    public NotOfferedException(ApiProblem problem)
        : base(problem)
    {
    }
}

/// <summary>Something failed inside the server (<c>internal</c>); its log tells more under the trace id.</summary>
public sealed class ServerErrorException : PodflareApiException
{
    /// <summary>Tells a refusal.</summary>
    public ServerErrorException(ApiProblem problem)
        : base(problem)
    {
    }
}
