using System.Text;
using System.Text.Json.Serialization;
using System.Text.Unicode;
using Podflare.Http;

namespace Podflare.Files;

/// <summary>The JSON representation of a directory entry. What is not known is absent.</summary>
/// <param name="Name">The name; null when it is not valid UTF-8.</param>
/// <param name="NameB64">The bytes of a name that is not valid UTF-8.</param>
internal sealed record FileJson(
    [property: JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)] string? Name,
    [property: JsonPropertyName("name_b64"), JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)] byte[]? NameB64,
    string Type,
    long Size,
    string ModifiedAt)
{
    /// <summary>The absolute path; null when it is not valid UTF-8.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public string? Path { get; init; }

    [JsonPropertyName("path_b64"), JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public byte[]? PathB64 { get; init; }

    /// <summary>Four octal digits.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public string? Mode { get; init; }

    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public string? Owner { get; init; }

    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public string? Group { get; init; }

    /// <summary>The path in a link; null when it is not valid UTF-8.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public string? Target { get; init; }

    [JsonPropertyName("target_b64"), JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public byte[]? TargetB64 { get; init; }

    /// <summary>As in the header <c>ETag</c>, with quotes.</summary>
    [JsonPropertyName("etag"), JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public string? ETag { get; init; }

    public static FileJson Of(FileEntry entry)
    {
        var (name, nameBytes) = Split(entry.Name);
        var (path, pathBytes) = Split(entry.Path);
        var (target, targetBytes) = Split(entry.Target);
        return new FileJson(name, nameBytes, entry.Kind.ToString().ToLowerInvariant(), entry.Size, Timestamps.ToRfc3339(entry.ModifiedAt))
        {
            Path = path,
            PathB64 = pathBytes,
            Mode = entry.Mode is { } mode ? Convert.ToString(mode, 8).PadLeft(4, '0') : null,
            Owner = entry.Owner,
            Group = entry.Group,
            Target = target,
            TargetB64 = targetBytes,
            ETag = entry.ETag is { } tag ? EntityTags.Quote(tag) : null,
        };
    }

    private static (string? Text, byte[]? Bytes) Split(byte[]? bytes) => bytes is null ? (null, null) : Utf8.IsValid(bytes) ? (Encoding.UTF8.GetString(bytes), null) : (null, bytes);
}

/// <summary>One page of a directory listing.</summary>
internal sealed record FilePageJson(IReadOnlyList<FileJson> Files, string? NextCursor);

[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.SnakeCaseLower)]
[JsonSerializable(typeof(FilePageJson))]
[JsonSerializable(typeof(FileJson))]
internal sealed partial class FileJsonContext : JsonSerializerContext;
