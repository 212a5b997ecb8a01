namespace Podflare;

/// <summary>What the call names existed and does not any more.</summary>
public class GoneException : PodflareApiException
{
    /// <summary>Tells a refusal.</summary>
    public GoneException(ApiProblem problem)
        : base(problem)
    {
    }
}

/// <summary>The events asked for are no longer kept (<c>events_evicted</c>).</summary>
public sealed class EventsEvictedException : GoneException
{
    /// <summary>Tells a refusal.</summary>
    public EventsEvictedException(ApiProblem problem)
        : base(problem)
    {
    }

    /// <summary>The oldest event that can still be read.</summary>
    public long? OldestSeq => Problem.OldestSeq;
}

/// <summary>The sandbox was lost together with its host (<c>sandbox_lost</c>).</summary>
public sealed class SandboxLostException : GoneException
{
    /// <summary>Tells a refusal.</summary>
    public SandboxLostException(ApiProblem problem)
        : base(problem)
    {
    }
}

/// <summary>The sandbox was deleted or has expired (<c>sandbox_ended</c>).</summary>
public sealed class SandboxEndedException : GoneException
{
    /// <summary>Tells a refusal.</summary>
    public SandboxEndedException(ApiProblem problem)
        : base(problem)
    {
    }

    /// <summary>Why: <c>deleted</c>, <c>expired</c> or <c>idle</c>.</summary>
    public string? EndedReason => Problem.EndedReason;
}
