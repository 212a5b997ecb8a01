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

/// <summary>A folder is needed, and something else stands there or on the way (<c>not_a_directory</c>).</summary>
public sealed class NotADirectoryException : PodflareApiException
{
    /// <summary>Tells a refusal.</summary>
    public NotADirectoryException(ApiProblem problem)
        : base(problem)
    {
    }
}

/// <summary>The sandbox's user may not read or write there (<c>file_access_denied</c>).</summary>
public sealed class FileAccessDeniedException : PodflareApiException
{
    /// <summary>Tells a refusal.</summary>
    public FileAccessDeniedException(ApiProblem problem)
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
