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
