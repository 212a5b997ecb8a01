using System.Text;
using System.Text.Json.Serialization;
using System.Text.Unicode;
using Podflare.Http;
using Podflare.Sandboxes;

namespace Podflare.Files;

/// <summary>One name in a folder as JSON shows it.</summary>
/// <param name="Name">Null where the name is not UTF-8.</param>
/// <param name="NameB64">The name's bytes where they are not UTF-8.</param>
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

/// <summary>One page of a folder.</summary>
internal sealed record FilePageJson(IReadOnlyList<FileJson> Files, string? NextCursor);

[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.SnakeCaseLower)]
[JsonSerializable(typeof(FilePageJson))]
internal sealed partial class FileJsonContext : JsonSerializerContext;
