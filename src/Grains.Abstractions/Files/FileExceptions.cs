namespace Podflare.Files;

/// <summary>Why a file operation was refused.</summary>
[GenerateSerializer, Alias("podflare.FileRefusal")]
public enum FileRefusal
{
    /// <summary>Nothing exists at this path.</summary>
    NotFound,

    /// <summary>The path is a directory, socket, pipe or device, or cannot be read as a file.</summary>
    NotAFile,

    /// <summary>The path, or a parent of it, is not a directory, and the operation needs one.</summary>
    NotADirectory,

    /// <summary>The sandbox's user does not have permission.</summary>
    AccessDenied,

    /// <summary>The file does not fit: the file system or the sandbox's memory is full. An existing file was not changed.</summary>
    DiskFull,

    /// <summary>The file is larger than the file system or the server allows.</summary>
    TooLarge,

    /// <summary>The kernel does not accept the path.</summary>
    InvalidPath,

    /// <summary>Something exists at the target, and must not be replaced.</summary>
    Exists,

    /// <summary>The directory is not empty.</summary>
    DirectoryNotEmpty,
}

/// <summary>A file operation was refused, and retrying does not help. Nothing has changed in the sandbox.</summary>
[GenerateSerializer, Alias("podflare.FileRefusedException")]
public sealed class FileRefusedException(FileRefusal refusal, string detail) : PodflareException(detail)
{
    [Id(0)]
    public FileRefusal Refusal { get; } = refusal;
}

/// <summary>The transfer no longer exists: its worker or guest stopped, or it made no progress for too long. The file was not changed.</summary>
[GenerateSerializer, Alias("podflare.FileTransferLostException")]
public sealed class FileTransferLostException() : PodflareException("the file transfer was interrupted and changed nothing; retry the request");

/// <summary>Too many files of one sandbox are transferred at the same time.</summary>
[GenerateSerializer, Alias("podflare.TooManyTransfersException")]
public sealed class TooManyTransfersException(int limit) : PodflareException($"the sandbox has {limit} file transfers in progress, which is its limit; wait for one to end");

/// <summary>The file is not what the request requires it to be. Nothing was changed.</summary>
[GenerateSerializer, Alias("podflare.PreconditionFailedException")]
public sealed class PreconditionFailedException() : PodflareException("the file has changed, or exists, against the conditions of the request; nothing was changed");

/// <summary>No byte of the requested range exists.</summary>
[GenerateSerializer, Alias("podflare.RangeNotSatisfiableException")]
public sealed class RangeNotSatisfiableException(long size) : PodflareException($"the file has {size} bytes, none of which is in the requested range")
{
    /// <summary>Bytes of the file.</summary>
    [Id(0)]
    public long Size { get; } = size;
}

/// <summary>The archive is damaged, or has members that must not be written. What came before them was written.</summary>
[GenerateSerializer, Alias("podflare.InvalidArchiveException")]
public sealed class InvalidArchiveException(string detail, ArchiveSummary written) : PodflareException(detail)
{
    /// <summary>What was written.</summary>
    [Id(0)]
    public ArchiveSummary Written { get; } = written;
}
