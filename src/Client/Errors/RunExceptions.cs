namespace Podflare;

/// <summary>The run has ended (<c>run_ended</c>).</summary>
public sealed class RunEndedException : PodflareApiException
{
    /// <summary>Creates the exception for an error response.</summary>
    public RunEndedException(ApiProblem problem)
        : base(problem)
    {
    }
}

/// <summary>Standard input of the run is not open, or was closed (<c>stdin_closed</c>).</summary>
public sealed class StdinClosedException : PodflareApiException
{
    /// <summary>Creates the exception for an error response.</summary>
    public StdinClosedException(ApiProblem problem)
        : base(problem)
    {
    }
}

/// <summary>The sandbox has fewer bytes of standard input than the request assumes (<c>stdin_offset</c>).</summary>
public sealed class StdinOffsetException : PodflareApiException
{
    /// <summary>Creates the exception for an error response.</summary>
    public StdinOffsetException(ApiProblem problem)
        : base(problem)
    {
    }

    /// <summary>The number of bytes that the sandbox has.</summary>
    public long? Offset => Problem.Offset;
}

/// <summary>The run has made no such call of a tool (<c>tool_call_not_found</c>).</summary>
public sealed class ToolCallNotFoundException : PodflareApiException
{
    /// <summary>Creates the exception for an error response.</summary>
    public ToolCallNotFoundException(ApiProblem problem)
        : base(problem)
    {
    }
}

/// <summary>The call of a tool timed out, its code no longer waits for an answer, or its run has ended (<c>tool_call_closed</c>).</summary>
public sealed class ToolCallClosedException : PodflareApiException
{
    /// <summary>Creates the exception for an error response.</summary>
    public ToolCallClosedException(ApiProblem problem)
        : base(problem)
    {
    }
}

/// <summary>The run has no terminal (<c>not_a_terminal</c>).</summary>
public sealed class NotATerminalException : PodflareApiException
{
    /// <summary>Creates the exception for an error response.</summary>
    public NotATerminalException(ApiProblem problem)
        : base(problem)
    {
    }
}

/// <summary>The standard input that was given for a run could not be written. The run was interrupted.</summary>
public sealed class InputFailedException : PodflareException
{
    /// <summary>Creates the exception.</summary>
    public InputFailedException(string runId, Exception inner)
        : base($"The standard input of run {runId} could not be written, so the run was interrupted. {inner?.Message}", inner) => RunId = runId;

    /// <summary>The ID of the run.</summary>
    public string RunId { get; }
}
