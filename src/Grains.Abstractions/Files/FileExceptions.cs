namespace Podflare.Files;

/// <summary>Why a file call was refused.</summary>
[GenerateSerializer, Alias("podflare.FileRefusal")]
public enum FileRefusal
{
    /// <summary>There is nothing under this path.</summary>
    NotFound,

    /// <summary>A directory, socket, pipe or device stands there, or what is there cannot be read as a file.</summary>
    NotAFile,

    /// <summary>A folder is needed, and something else stands there or on the way.</summary>
    NotADirectory,

    /// <summary>The sandbox's user may not.</summary>
    AccessDenied,

    /// <summary>It does not fit: the file system or the sandbox's memory is full. The old file stays.</summary>
    DiskFull,

    /// <summary>Larger than the file system or the server takes.</summary>
    TooLarge,

    /// <summary>No path that the kernel takes.</summary>
    InvalidPath,
}

/// <summary>A file call was refused for good; nothing has changed in the sandbox.</summary>
[GenerateSerializer, Alias("podflare.FileRefusedException")]
public sealed class FileRefusedException(FileRefusal refusal, string detail) : PodflareException(detail)
{
    [Id(0)]
    public FileRefusal Refusal { get; } = refusal;
}

/// <summary>The transfer is not known any more: its worker or guest went away, or nobody moved it for too long. The file is as it was.</summary>
[GenerateSerializer, Alias("podflare.FileTransferLostException")]
public sealed class FileTransferLostException() : PodflareException("the transfer broke; the old file stays; repeat the request");

/// <summary>Too many files of one sandbox are on their way at a time.</summary>
[GenerateSerializer, Alias("podflare.TooManyTransfersException")]
public sealed class TooManyTransfersException(int limit) : PodflareException($"{limit} files of this sandbox are on their way; wait for one to end");
