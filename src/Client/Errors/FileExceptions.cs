namespace Podflare;

/// <summary>A directory, socket or device stands where a file is needed (<c>not_a_file</c>).</summary>
public sealed class NotAFileException : PodflareApiException
{
    /// <summary>Tells a refusal.</summary>
    public NotAFileException(ApiProblem problem)
        : base(problem)
    {
    }
}

/// <summary>The file is larger than the server takes (<c>file_too_large</c>).</summary>
public sealed class FileTooLargeException : PodflareApiException
{
    /// <summary>Tells a refusal.</summary>
    public FileTooLargeException(ApiProblem problem)
        : base(problem)
    {
    }
}

/// <summary>The file does not fit into the sandbox; the old one stays (<c>disk_full</c>).</summary>
public sealed class DiskFullException : PodflareApiException
{
    /// <summary>Tells a refusal.</summary>
    public DiskFullException(ApiProblem problem)
        : base(problem)
    {
    }
}
