namespace Podflare.Files;

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
/// <param name="Name">The last part of its path.</param>
/// <param name="Size">In bytes; of a link, the length of the path in it.</param>
[GenerateSerializer, Immutable, Alias("podflare.FileEntry")]
public sealed record FileEntry(
    [property: Id(0)] byte[] Name, [property: Id(1)] FileKind Kind, [property: Id(2)] long Size, [property: Id(3)] DateTimeOffset ModifiedAt)
{
    /// <summary>Its absolute path; null in the pages of <see cref="IFileExtension.List"/>, which has names alone.</summary>
    [Id(4)]
    public byte[]? Path { get; init; }

    /// <summary>Permissions, such as octal 644; null in the pages of <see cref="IFileExtension.List"/>, as are all below.</summary>
    [Id(5)]
    public int? Mode { get; init; }

    /// <summary>Name of its user, or the number where the sandbox has no name for it.</summary>
    [Id(6)]
    public string? Owner { get; init; }

    /// <summary>Name of its group, or the number.</summary>
    [Id(7)]
    public string? Group { get; init; }

    /// <summary>The path in a link.</summary>
    [Id(8)]
    public byte[]? Target { get; init; }

    /// <summary>Changes with the content, without quotes; from inode, size and times.</summary>
    [Id(9)]
    public string? ETag { get; init; }
}
