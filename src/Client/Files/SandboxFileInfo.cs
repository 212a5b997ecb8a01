using System.Text;
using System.Text.Json.Serialization;

namespace Podflare;

/// <summary>One entry of a folder in a sandbox.</summary>
public sealed record SandboxFileInfo
{
    /// <summary>The entry's name; null where it is not UTF-8, see <see cref="NameBytes"/>.</summary>
    public string? Name { get; init; }

    /// <summary>The name's bytes where it is not UTF-8.</summary>
    [JsonPropertyName("name_b64")]
    public byte[]? NameBytes { get; init; }

    /// <summary><c>file</c>, <c>directory</c>, <c>symlink</c> or <c>other</c>.</summary>
    public string? Type { get; init; }

    /// <summary>Size in bytes.</summary>
    public long? Size { get; init; }

    /// <summary>When it was last changed.</summary>
    public DateTimeOffset? ModifiedAt { get; init; }

    /// <summary>The name to show: bytes that are not UTF-8 as U+FFFD.</summary>
    [JsonIgnore]
    public string DisplayName => Name ?? (NameBytes is { } bytes ? Encoding.UTF8.GetString(bytes) : "");
}

/// <summary>A folder as the API lists it.</summary>
internal sealed record FileListing
{
    public IReadOnlyList<SandboxFileInfo> Files { get; init => field = value ?? []; } = [];

    public string? NextCursor { get; init; }
}
