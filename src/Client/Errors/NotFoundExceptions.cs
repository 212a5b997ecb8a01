namespace Podflare;

/// <summary>The resource does not exist, or belongs to another tenant.</summary>
public class NotFoundException : PodflareApiException
{
    /// <summary>Creates the exception for an error response.</summary>
    public NotFoundException(ApiProblem problem)
        : base(problem)
    {
    }
}

/// <summary>There is no such sandbox (<c>sandbox_not_found</c>).</summary>
public sealed class SandboxNotFoundException : NotFoundException
{
    /// <summary>Creates the exception for an error response.</summary>
    public SandboxNotFoundException(ApiProblem problem)
        : base(problem)
    {
    }
}

/// <summary>The sandbox has no such run (<c>run_not_found</c>).</summary>
public sealed class RunNotFoundException : NotFoundException
{
    /// <summary>Creates the exception for an error response.</summary>
    public RunNotFoundException(ApiProblem problem)
        : base(problem)
    {
    }
}

/// <summary>The server has no such template (<c>template_not_found</c>).</summary>
public sealed class TemplateNotFoundException : NotFoundException
{
    /// <summary>Creates the exception for an error response.</summary>
    public TemplateNotFoundException(ApiProblem problem)
        : base(problem)
    {
    }
}

/// <summary>The sandbox has no such file (<c>file_not_found</c>).</summary>
public sealed class SandboxFileNotFoundException : NotFoundException
{
    /// <summary>Creates the exception for an error response.</summary>
    public SandboxFileNotFoundException(ApiProblem problem)
        : base(problem)
    {
    }
}

/// <summary>No worker of this host is in the cluster (<c>host_not_found</c>).</summary>
public sealed class HostNotFoundException : NotFoundException
{
    /// <summary>Creates the exception for an error response.</summary>
    public HostNotFoundException(ApiProblem problem)
        : base(problem)
    {
    }
}

/// <summary>There is no tenant with this id (<c>tenant_not_found</c>).</summary>
public sealed class TenantNotFoundException : NotFoundException
{
    /// <summary>Creates the exception for an error response.</summary>
    public TenantNotFoundException(ApiProblem problem)
        : base(problem)
    {
    }
}

/// <summary>There is no API key with this id, or it belongs to another tenant (<c>key_not_found</c>).</summary>
public sealed class ApiKeyNotFoundException : NotFoundException
{
    /// <summary>Creates the exception for an error response.</summary>
    public ApiKeyNotFoundException(ApiProblem problem)
        : base(problem)
    {
    }
}
