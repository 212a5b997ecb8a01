namespace Podflare;

/// <summary>What the call names does not exist for this caller; existence is not told to others.</summary>
public class NotFoundException : PodflareApiException
{
    /// <summary>Tells a refusal.</summary>
    public NotFoundException(ApiProblem problem)
        : base(problem)
    {
    }
}

/// <summary>There is no such sandbox (<c>sandbox_not_found</c>).</summary>
public sealed class SandboxNotFoundException : NotFoundException
{
    /// <summary>Tells a refusal.</summary>
    public SandboxNotFoundException(ApiProblem problem)
        : base(problem)
    {
    }
}

/// <summary>The sandbox has no such run (<c>run_not_found</c>).</summary>
public sealed class RunNotFoundException : NotFoundException
{
    /// <summary>Tells a refusal.</summary>
    public RunNotFoundException(ApiProblem problem)
        : base(problem)
    {
    }
}

/// <summary>The server has no such template (<c>template_not_found</c>).</summary>
public sealed class TemplateNotFoundException : NotFoundException
{
    /// <summary>Tells a refusal.</summary>
    public TemplateNotFoundException(ApiProblem problem)
        : base(problem)
    {
    }
}

/// <summary>The sandbox has no such file (<c>file_not_found</c>).</summary>
public sealed class SandboxFileNotFoundException : NotFoundException
{
    /// <summary>Tells a refusal.</summary>
    public SandboxFileNotFoundException(ApiProblem problem)
        : base(problem)
    {
    }
}
