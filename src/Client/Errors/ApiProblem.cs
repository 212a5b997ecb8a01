using System.Net;

namespace Podflare;

/// <summary>An error response of the server (RFC 9457 problem details).</summary>
public sealed record ApiProblem
{
    /// <summary>The HTTP status.</summary>
    public required HttpStatusCode Status { get; init; }

    /// <summary>The error code, such as <c>sandbox_not_found</c>; <c>unknown</c> if the response has none, for example because a proxy sent it.</summary>
    public required string Code { get; init; }

    /// <summary>What is wrong, in one sentence.</summary>
    public required string Error { get; init; }

    /// <summary>Further details, if there are any.</summary>
    public string? Detail { get; init; }

    /// <summary>The trace ID of the call, under which the server's log has details.</summary>
    public string? TraceId { get; init; }

    /// <summary>The time after which the same call may succeed.</summary>
    public TimeSpan? RetryAfter { get; init; }

    /// <summary>The <c>seq</c> of the oldest event that is still stored (<c>events_evicted</c>).</summary>
    public long? OldestSeq { get; init; }

    /// <summary>The number of bytes of standard input that the sandbox has (<c>stdin_offset</c>).</summary>
    public long? Offset { get; init; }

    /// <summary>Why the sandbox ended (<c>sandbox_ended</c>).</summary>
    public SandboxEndReason? EndedReason { get; init; }

    /// <summary>The scopes that the API key would need (<c>insufficient_scope</c>).</summary>
    public IReadOnlyList<string> RequiredScopes { get; init => field = value ?? []; } = [];

    /// <summary>The errors of each invalid field (<c>invalid_request</c>).</summary>
    public IReadOnlyDictionary<string, IReadOnlyList<string>> Errors { get; init; } = new Dictionary<string, IReadOnlyList<string>>();
}
