namespace Podflare;

/// <summary>The path is a directory, socket or device, not a file (<c>not_a_file</c>).</summary>
public sealed class NotAFileException : PodflareApiException
{
    /// <summary>Creates the exception for an error response.</summary>
    public NotAFileException(ApiProblem problem)
        : base(problem)
    {
    }
}

/// <summary>The path, or a part of it, is not a directory (<c>not_a_directory</c>).</summary>
public sealed class NotADirectoryException : PodflareApiException
{
    /// <summary>Creates the exception for an error response.</summary>
    public NotADirectoryException(ApiProblem problem)
        : base(problem)
    {
    }
}

/// <summary>The sandbox's user has no permission for the path (<c>file_access_denied</c>).</summary>
public sealed class FileAccessDeniedException : PodflareApiException
{
    /// <summary>Creates the exception for an error response.</summary>
    public FileAccessDeniedException(ApiProblem problem)
        : base(problem)
    {
    }
}

/// <summary>The file is larger than the server accepts (<c>file_too_large</c>).</summary>
public sealed class FileTooLargeException : PodflareApiException
{
    /// <summary>Creates the exception for an error response.</summary>
    public FileTooLargeException(ApiProblem problem)
        : base(problem)
    {
    }
}

/// <summary>The file does not fit in the sandbox; an existing file is unchanged (<c>disk_full</c>).</summary>
public sealed class DiskFullException : PodflareApiException
{
    /// <summary>Creates the exception for an error response.</summary>
    public DiskFullException(ApiProblem problem)
        : base(problem)
    {
    }
}

/// <summary>The path exists already (<c>file_exists</c>).</summary>
public sealed class FileExistsException : PodflareApiException
{
    /// <summary>Creates the exception for an error response.</summary>
    public FileExistsException(ApiProblem problem)
        : base(problem)
    {
    }
}

/// <summary>The directory is not empty (<c>directory_not_empty</c>).</summary>
public sealed class DirectoryNotEmptyException : PodflareApiException
{
    /// <summary>Creates the exception for an error response.</summary>
    public DirectoryNotEmptyException(ApiProblem problem)
        : base(problem)
    {
    }
}

/// <summary>The file is not in the state that the request requires (<c>precondition_failed</c>).</summary>
public sealed class PreconditionFailedException : PodflareApiException
{
    /// <summary>Creates the exception for an error response.</summary>
    public PreconditionFailedException(ApiProblem problem)
        : base(problem)
    {
    }
}

/// <summary>The file does not have the requested range (<c>range_not_satisfiable</c>).</summary>
public sealed class RangeNotSatisfiableException : PodflareApiException
{
    /// <summary>Creates the exception for an error response.</summary>
    public RangeNotSatisfiableException(ApiProblem problem)
        : base(problem)
    {
    }
}

/// <summary>The archive is damaged, or contains something that is not allowed (<c>invalid_archive</c>). What came before it was written.</summary>
public sealed class InvalidArchiveException : PodflareApiException
{
    /// <summary>Creates the exception for an error response.</summary>
    public InvalidArchiveException(ApiProblem problem)
        : base(problem)
    {
    }
}
