namespace Podflare;

/// <summary>What a download of a directory has written.</summary>
public sealed record DirectoryDownload
{
    /// <summary>The number of files and links.</summary>
    public long Files { get; init; }

    /// <summary>The number of directories.</summary>
    public long Directories { get; init; }

    /// <summary>The number of bytes in all files.</summary>
    public long Bytes { get; init; }

    /// <summary>The links that were not created, because they lead out of the directory.</summary>
    public IReadOnlyList<string> SkippedLinks { get; init; } = [];
}
