using System.Net;

namespace Podflare;

/// <summary>The server returned an error. Derived types represent the error codes; a code that this version does not know is thrown as this type.</summary>
public class PodflareApiException : PodflareException
{
    /// <summary>Creates the exception for an error response.</summary>
    public PodflareApiException(ApiProblem problem)
        : base(Describe(problem)) => Problem = problem;

    /// <summary>The complete error response.</summary>
    public ApiProblem Problem { get; }

    /// <summary>The error code.</summary>
    public string Code => Problem.Code;

    /// <summary>The HTTP status.</summary>
    public HttpStatusCode Status => Problem.Status;

    /// <summary>The trace ID of the call, under which the server's log has details.</summary>
    public string? TraceId => Problem.TraceId;

    /// <summary>The time after which the same call may succeed.</summary>
    public TimeSpan? RetryAfter => Problem.RetryAfter;

    private static string Describe(ApiProblem problem)
    {
        var text = $"{problem.Error} ({(int)problem.Status} {problem.Code})";
        if (problem.Detail is { Length: > 0 } detail && detail != problem.Error) text += $": {detail}";
        return problem.TraceId is { } trace ? $"{text}, trace {trace}" : text;
    }
}
