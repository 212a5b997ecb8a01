namespace Podflare.Problems;

/// <summary>A refusal as the API tells it. Every text is safe for strangers.</summary>
/// <param name="Error">What published clients show.</param>
internal sealed record Problem(int Status, string Code, string Error)
{
    /// <summary>More than <see cref="Error"/> says, if there is more.</summary>
    public string? Detail { get; init; }

    /// <summary>What is wrong with which field.</summary>
    public FieldErrors? Errors { get; init; }

    /// <summary>The oldest event that can still be read.</summary>
    public long? OldestSeq { get; init; }

    /// <summary>Why the sandbox ended.</summary>
    public string? EndedReason { get; init; }

    /// <summary>Seconds after which the same request may succeed.</summary>
    public int? RetryAfter { get; init; }

    public static Problem NotOffered(string what) => new(501, "not_offered", $"{what} is not offered here");
}

/// <summary>A refusal that the frontend itself decides.</summary>
internal sealed class ProblemException(Problem problem) : Exception(problem.Error)
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
