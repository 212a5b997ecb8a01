namespace Podflare;

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
