namespace Podflare;

internal sealed record DirectoryBody(string Path, bool Parents, string? Mode);

internal sealed record MoveBody(string From, string To, bool Overwrite, bool Parents, bool? Recursive);

/// <summary>What an archive that was unpacked in a sandbox contained.</summary>
public sealed record ArchiveSummary
{
    /// <summary>The number of files and links.</summary>
    public long Files { get; init; }

    /// <summary>The number of directories.</summary>
    public long Directories { get; init; }

    /// <summary>The number of bytes in all files.</summary>
    public long Bytes { get; init; }
}
