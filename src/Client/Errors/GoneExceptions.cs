namespace Podflare;

/// <summary>The resource existed, but is gone.</summary>
public class GoneException : PodflareApiException
{
    /// <summary>Creates the exception for an error response.</summary>
    public GoneException(ApiProblem problem)
        : base(problem)
    {
    }
}

/// <summary>The requested events are no longer stored (<c>events_evicted</c>).</summary>
public sealed class EventsEvictedException : GoneException
{
    /// <summary>Creates the exception for an error response.</summary>
    public EventsEvictedException(ApiProblem problem)
        : base(problem)
    {
    }

    /// <summary>The <c>seq</c> of the oldest event that is still stored.</summary>
    public long? OldestSeq => Problem.OldestSeq;
}

/// <summary>The sandbox was lost together with its host (<c>sandbox_lost</c>).</summary>
public sealed class SandboxLostException : GoneException
{
    /// <summary>Creates the exception for an error response.</summary>
    public SandboxLostException(ApiProblem problem)
        : base(problem)
    {
    }
}

/// <summary>The sandbox was deleted or has expired (<c>sandbox_ended</c>).</summary>
public sealed class SandboxEndedException : GoneException
{
    /// <summary>Creates the exception for an error response.</summary>
    public SandboxEndedException(ApiProblem problem)
        : base(problem)
    {
    }

    /// <summary>Why the sandbox ended.</summary>
    public SandboxEndReason? EndedReason => Problem.EndedReason;
}
