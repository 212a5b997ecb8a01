namespace Podflare;

/// <summary>The URL does not support the request method (<c>method_not_allowed</c>). A proxy may have changed the request.</summary>
public sealed class MethodNotAllowedException : PodflareApiException
{
    /// <summary>Creates the exception for an error response.</summary>
    public MethodNotAllowedException(ApiProblem problem)
        : base(problem)
    {
    }
}

/// <summary>The request took too long to arrive (<c>request_timeout</c>).</summary>
public sealed class RequestTimeoutException : PodflareApiException
{
    /// <summary>Creates the exception for an error response.</summary>
    public RequestTimeoutException(ApiProblem problem)
        : base(problem)
    {
    }
}

/// <summary>The URL is too long (<c>uri_too_long</c>): a path in a sandbox, or the metadata that a list is filtered by.</summary>
public sealed class UriTooLongException : PodflareApiException
{
    /// <summary>Creates the exception for an error response.</summary>
    public UriTooLongException(ApiProblem problem)
        : base(problem)
    {
    }
}

/// <summary>The server does not read the format or encoding of the request body (<c>unsupported_media_type</c>).</summary>
public sealed class UnsupportedMediaTypeException : PodflareApiException
{
    /// <summary>Creates the exception for an error response.</summary>
    public UnsupportedMediaTypeException(ApiProblem problem)
        : base(problem)
    {
    }
}

/// <summary>The headers of the request are too large or too many (<c>headers_too_large</c>).</summary>
public sealed class HeadersTooLargeException : PodflareApiException
{
    /// <summary>Creates the exception for an error response.</summary>
    public HeadersTooLargeException(ApiProblem problem)
        : base(problem)
    {
    }
}

/// <summary>The server does not support the HTTP version of the request (<c>http_version_not_supported</c>).</summary>
public sealed class HttpVersionNotSupportedException : PodflareApiException
{
    /// <summary>Creates the exception for an error response.</summary>
    public HttpVersionNotSupportedException(ApiProblem problem)
        : base(problem)
    {
    }
}

/// <summary>The request names a host that is not the server's (<c>host_not_allowed</c>).</summary>
public sealed class HostNotAllowedException : PodflareApiException
{
    /// <summary>Creates the exception for an error response.</summary>
    public HostNotAllowedException(ApiProblem problem)
        : base(problem)
    {
    }
}

/// <summary>A browser sent the request for a web page of another origin, and the server has no API keys (<c>cross_origin_refused</c>).</summary>
public sealed class CrossOriginRefusedException : PodflareApiException
{
    /// <summary>Creates the exception for an error response.</summary>
    public CrossOriginRefusedException(ApiProblem problem)
        : base(problem)
    {
    }
}
