using System.Collections.Immutable;

namespace Podflare.Files;

/// <summary>A file that was opened for reading.</summary>
/// <param name="Size">In bytes; null where the kernel makes the content as it is read, so nobody knows.</param>
[GenerateSerializer, Immutable, Alias("podflare.FileOpened")]
public sealed record FileOpened([property: Id(0)] long? Size, [property: Id(1)] DateTimeOffset ModifiedAt);

/// <summary>What stands under a name.</summary>
[GenerateSerializer, Alias("podflare.FileKind")]
public enum FileKind
{
    File,
    Directory,
    Symlink,

    /// <summary>A device, pipe or socket.</summary>
    Other,
}

/// <summary>One name in a folder.</summary>
/// <param name="Size">In bytes; of a link, the length of the path in it.</param>
[GenerateSerializer, Immutable, Alias("podflare.FileEntry")]
public sealed record FileEntry(
    [property: Id(0)] byte[] Name, [property: Id(1)] FileKind Kind, [property: Id(2)] long Size, [property: Id(3)] DateTimeOffset ModifiedAt);

/// <summary>A part of a folder, sorted by the bytes of the names.</summary>
/// <param name="Next">The name after which the next page begins; null when this is the last.</param>
[GenerateSerializer, Immutable, Alias("podflare.FilePage")]
public sealed record FilePage([property: Id(0)] ImmutableArray<FileEntry> Entries, [property: Id(1)] byte[]? Next)
{
    /// <summary>Names in one page at most.</summary>
    public const int MaxEntries = 1_000;
}
