using System.Text;
using System.Text.Json.Serialization;

namespace Podflare;

/// <summary>The kind of a directory entry.</summary>
[JsonConverter(typeof(WireEnumConverter<SandboxFileType>))]
public enum SandboxFileType
{
    /// <summary>A kind that this version does not know.</summary>
    Unknown,

    /// <summary>A regular file.</summary>
    File,

    /// <summary>A directory.</summary>
    Directory,

    /// <summary>A symbolic link.</summary>
    Symlink,

    /// <summary>A socket, device or pipe.</summary>
    Other,
}

/// <summary>An entry of a directory in a sandbox.</summary>
/// <example>
/// <code>
/// await foreach (var file in sandbox.Files.ListAsync("/root"))
///     Console.WriteLine($"{file.Type} {file.Size} {file.DisplayName}");
/// </code>
/// </example>
public sealed record SandboxFileInfo
{
    /// <summary>The name; null if it is not valid UTF-8, see <see cref="NameBytes"/>.</summary>
    public string? Name { get; init; }

    /// <summary>The bytes of a name that is not valid UTF-8; otherwise null.</summary>
    [JsonPropertyName("name_b64")]
    public byte[]? NameBytes { get; init; }

    /// <summary>The absolute path; null if the listing has no paths, or if it is not valid UTF-8, see <see cref="PathBytes"/>.</summary>
    public string? Path { get; init; }

    /// <summary>The bytes of a path that is not valid UTF-8; otherwise null.</summary>
    [JsonPropertyName("path_b64")]
    public byte[]? PathBytes { get; init; }

    /// <summary>The kind of the entry.</summary>
    public SandboxFileType Type { get; init; }

    /// <summary>The size in bytes.</summary>
    public long? Size { get; init; }

    /// <summary>When it was last modified.</summary>
    public DateTimeOffset? ModifiedAt { get; init; }

    /// <summary>The permission bits in octal, such as <c>0644</c>.</summary>
    public string? Mode { get; init; }

    /// <summary>The name of the owner.</summary>
    public string? Owner { get; init; }

    /// <summary>The name of the group.</summary>
    public string? Group { get; init; }

    /// <summary>The target of a link.</summary>
    public string? Target { get; init; }

    /// <summary>A value that changes whenever the file changes.</summary>
    [JsonPropertyName("etag")]
    public string? ETag { get; init; }

    /// <summary>The name for display: invalid bytes are shown as U+FFFD.</summary>
    [JsonIgnore]
    public string DisplayName => Name ?? (NameBytes is { } bytes ? Encoding.UTF8.GetString(bytes) : "");
}

/// <summary>A page of a directory listing.</summary>
internal sealed record FileListing
{
    public IReadOnlyList<SandboxFileInfo> Files { get; init => field = value ?? []; } = [];

    public string? NextCursor { get; init; }
}
