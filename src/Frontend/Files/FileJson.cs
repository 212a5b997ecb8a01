using System.Text;
using System.Text.Json.Serialization;
using System.Text.Unicode;
using Podflare.Http;
using Podflare.Sandboxes;

namespace Podflare.Files;

/// <summary>The JSON representation of a directory entry.</summary>
/// <param name="Name">The name; null when it is not valid UTF-8.</param>
/// <param name="NameB64">The bytes of a name that is not valid UTF-8.</param>
internal sealed record FileJson(
    [property: JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)] string? Name,
    [property: JsonPropertyName("name_b64"), JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)] byte[]? NameB64,
    string Type,
    long Size,
    string ModifiedAt)
{
    public static FileJson Of(FileEntry entry)
    {
        var isText = Utf8.IsValid(entry.Name);
        return new FileJson(
            isText ? Encoding.UTF8.GetString(entry.Name) : null,
            isText ? null : entry.Name,
            entry.Kind.ToString().ToLowerInvariant(),
            entry.Size,
            Timestamps.ToRfc3339(entry.ModifiedAt));
    }
}

/// <summary>One page of a directory listing.</summary>
internal sealed record FilePageJson(IReadOnlyList<FileJson> Files, string? NextCursor);

[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.SnakeCaseLower)]
[JsonSerializable(typeof(FilePageJson))]
internal sealed partial class FileJsonContext : JsonSerializerContext;
