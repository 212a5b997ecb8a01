using System.Net;

namespace Podflare;

/// <summary>The server refused. The types below it stand for the error codes; one that this version does not know is thrown as this type.</summary>
public class PodflareApiException : PodflareException
{
    /// <summary>Tells a refusal.</summary>
    public PodflareApiException(ApiProblem problem)
        : base(Describe(problem)) => Problem = problem;

    /// <summary>All that the server said.</summary>
    public ApiProblem Problem { get; }

    /// <summary>The error code.</summary>
    public string Code => Problem.Code;

    /// <summary>The HTTP status.</summary>
    public HttpStatusCode Status => Problem.Status;

    /// <summary>The trace id under which the server's log tells more.</summary>
    public string? TraceId => Problem.TraceId;

    /// <summary>Time after which the same call may succeed.</summary>
    public TimeSpan? RetryAfter => Problem.RetryAfter;

    private static string Describe(ApiProblem problem)
    {
        var text = $"{problem.Error} ({(int)problem.Status} {problem.Code})";
        if (problem.Detail is { Length: > 0 } detail && detail != problem.Error) text += $": {detail}";
        return problem.TraceId is { } trace ? $"{text}, trace {trace}" : text;
    }
}
