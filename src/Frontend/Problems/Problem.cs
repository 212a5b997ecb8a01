using Podflare.Files;
using Podflare.Keys;

namespace Podflare.Problems;

/// <summary>A refused or failed request as the API reports it. Every text is safe to show to anyone.</summary>
/// <param name="Error">One sentence that names the thing that is wrong; published clients show it.</param>
internal sealed record Problem(int Status, string Code, string Error)
{
    /// <summary>A longer explanation, when there is one.</summary>
    public string? Detail { get; init; }

    /// <summary>What is wrong with each field.</summary>
    public FieldErrors? Errors { get; init; }

    /// <summary>The oldest event that can still be read.</summary>
    public long? OldestSeq { get; init; }

    /// <summary>Bytes that were accepted of the standard input of a run.</summary>
    public long? Offset { get; init; }

    /// <summary>Bytes of the file, when no byte of the requested range exists.</summary>
    public long? FileSize { get; init; }

    /// <summary>What was written of an archive before its fault was found.</summary>
    public ArchiveSummary? Written { get; init; }

    /// <summary>Why the sandbox ended.</summary>
    public string? EndedReason { get; init; }

    /// <summary>The scopes that the operation needs, all of them.</summary>
    public IReadOnlyList<string>? RequiredScopes { get; init; }

    /// <summary>The limits of the tenant that the request would exceed, as in the header <c>RateLimit-Policy</c>.</summary>
    public IReadOnlyList<string>? ViolatedPolicies { get; init; }

    /// <summary>Seconds after which the same request may succeed.</summary>
    public int? RetryAfter { get; init; }

    /// <summary>The content encodings that the server accepts for a request body, when another one was refused.</summary>
    public string? AcceptEncoding { get; init; }

    public static Problem NotOffered(string feature) => new(501, "not_offered", $"{feature} is not offered by this server");

    /// <summary>The answer to every caller of a tenant that is suspended.</summary>
    public static Problem TenantSuspended { get; } = new(403, "tenant_suspended", "the tenant is suspended; ask the operator of this server");

    public static Problem InsufficientScope(KeyScopes required)
    {
        var names = required.ToNames();
        return new(403, "insufficient_scope", $"this operation needs a key with the scope {string.Join(" and ", names)}") { RequiredScopes = names };
    }

    /// <summary>No worker of this host is in the cluster.</summary>
    public static Problem HostNotFound() => new(404, "host_not_found", "no worker of this host is in the cluster");

    public static Problem BodyTooLarge(int limit) => new(413, "code_too_large", $"the request body is larger than the limit of {limit} bytes");
}

/// <summary>A request that the frontend itself refuses.</summary>
internal class ProblemException(Problem problem) : Exception(problem.Error)
{
    public Problem Problem { get; } = problem;

    /// <summary>400 for one field, parameter or header.</summary>
    public static ProblemException Invalid(string field, string message)
    {
        var errors = new FieldErrors();
        errors.Add(field, message);
        return errors.ToException();
    }
}
