using System.Net;

namespace Podflare;

/// <summary>A refusal as the server told it (RFC 9457 problem details).</summary>
public sealed record ApiProblem
{
    /// <summary>The HTTP status.</summary>
    public required HttpStatusCode Status { get; init; }

    /// <summary>The error code, such as <c>sandbox_not_found</c>; <c>unknown</c> where the answer has none, as that of a proxy on the way.</summary>
    public required string Code { get; init; }

    /// <summary>What is wrong, in one sentence.</summary>
    public required string Error { get; init; }

    /// <summary>More than <see cref="Error"/> says, if there is more.</summary>
    public string? Detail { get; init; }

    /// <summary>The trace id under which the server's log tells more.</summary>
    public string? TraceId { get; init; }

    /// <summary>Time after which the same call may succeed.</summary>
    public TimeSpan? RetryAfter { get; init; }

    /// <summary>The oldest event that can still be read (<c>events_evicted</c>).</summary>
    public long? OldestSeq { get; init; }

    /// <summary>Why the sandbox ended: <c>deleted</c>, <c>expired</c> or <c>idle</c> (<c>sandbox_ended</c>).</summary>
    public string? EndedReason { get; init; }

    /// <summary>What is wrong with which field (<c>invalid_request</c>).</summary>
    public IReadOnlyDictionary<string, IReadOnlyList<string>> Errors { get; init; } = new Dictionary<string, IReadOnlyList<string>>();
}
