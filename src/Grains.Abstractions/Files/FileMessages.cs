using System.Collections.Immutable;

namespace Podflare.Files;

/// <summary>A file that was opened for reading.</summary>
/// <param name="Size">In bytes, of the whole file; null where the kernel makes the content as it is read, so nobody knows.</param>
[GenerateSerializer, Immutable, Alias("podflare.FileOpened")]
public sealed record FileOpened([property: Id(0)] long? Size, [property: Id(1)] DateTimeOffset ModifiedAt)
{
    /// <inheritdoc cref="FileEntry.ETag"/>
    [Id(2)]
    public string? ETag { get; init; }
}

/// <summary>A part of a folder, sorted by the bytes of the names.</summary>
/// <param name="Next">The name after which the next page begins; of a tree, the path. Null when this is the last.</param>
[GenerateSerializer, Immutable, Alias("podflare.FilePage")]
public sealed record FilePage([property: Id(0)] ImmutableArray<FileEntry> Entries, [property: Id(1)] byte[]? Next)
{
    /// <summary>Names in one page at most.</summary>
    public const int MaxEntries = 1_000;

    /// <summary>Deepest tree that is listed.</summary>
    public const int MaxDepth = 32;
}

/// <summary>A part of a file to read.</summary>
/// <param name="From">The first byte.</param>
/// <param name="Length">Bytes, at least one.</param>
[GenerateSerializer, Immutable, Alias("podflare.FileRange")]
public sealed record FileRange([property: Id(0)] long From, [property: Id(1)] long Length);

/// <summary>A folder that was asked for.</summary>
/// <param name="Created">False when it existed.</param>
[GenerateSerializer, Immutable, Alias("podflare.DirectoryCreation")]
public sealed record DirectoryCreation([property: Id(0)] FileEntry Entry, [property: Id(1)] bool Created);
