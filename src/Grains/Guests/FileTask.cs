using System.Collections.Immutable;
using System.Text.Json;
using System.Text.Json.Nodes;
using System.Text.Json.Serialization;
using Podflare.Files;

namespace Podflare.Guests;

/// <summary>What a guest is asked to do with a path. Later fields are written only where they are set.</summary>
/// <param name="Do"><c>read</c>, <c>write</c>, <c>delete</c>, <c>list</c>, <c>stat</c>, <c>mkdir</c>, <c>move</c>, <c>copy</c>, <c>tree</c>, <c>tar_read</c> or <c>tar_write</c>.</param>
internal sealed record FileTask(string Do, byte[] Path)
{
    public long? Size { get; init; }

    public byte[]? After { get; init; }

    public int? Limit { get; init; }

    /// <summary>The first byte to read.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public long? From { get; init; }

    /// <summary>Of a read: the byte behind the last one. Of a move or copy: the target, in base64.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public JsonValue? To { get; init; }

    /// <summary>A list of entity tags, or <c>*</c>.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public JsonNode? IfMatch { get; init; }

    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public string? IfNoneMatch { get; init; }

    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public bool? Recursive { get; init; }

    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public bool? Follow { get; init; }

    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public bool? Parents { get; init; }

    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public bool? Overwrite { get; init; }

    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public int? Mode { get; init; }

    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public int? Depth { get; init; }

    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public bool? Gzip { get; init; }

    /// <summary>Any guest knows it.</summary>
    [JsonIgnore]
    public bool IsOfferedByAll => this is { Do: "read" or "write" or "delete" or "list", From: null, IfMatch: null, IfNoneMatch: null, Recursive: null };

    public FileTask With(FileConditions conditions) => this with
    {
        IfMatch = conditions.IfMatch.IsDefaultOrEmpty ? null
            : conditions.IfMatch.Contains("*") ? JsonValue.Create("*")
            : new JsonArray([.. conditions.IfMatch.Select(tag => JsonValue.Create(tag))]),
        IfNoneMatch = conditions.IfNoneMatch ? "*" : null,
    };

    public FileTask With(FileRange? range) => range is null ? this : this with { From = range.From, To = JsonValue.Create(checked(range.From + range.Length)) };

    public FileTask With(FilePath target) => this with { To = JsonValue.Create(Convert.ToBase64String(target.Bytes)) };

    public byte[] ToJson() => JsonSerializer.SerializeToUtf8Bytes(this, GuestJson.Default.FileTask);
}

/// <param name="Size">Null of an archive.</param>
internal sealed record FileOpenedPayload(long? Size, long ModifiedMs, string? Etag = null);

internal sealed record FilePagePayload(ImmutableArray<FileEntryPayload?>? Files, byte[]? Next);

/// <param name="Mode">Such as <c>0644</c>.</param>
internal sealed record FileEntryPayload(
    byte[]? Name, string? Type, long Size, long ModifiedMs, string? Mode = null,
    [property: JsonConverter(typeof(LenientStringConverter))] string? Owner = null,
    [property: JsonConverter(typeof(LenientStringConverter))] string? Group = null, byte[]? Target = null, string? Etag = null);

internal sealed record FileDonePayload(FileEntryPayload? Entry = null, bool? Created = null, long? Files = null, long? Directories = null, long? Bytes = null);
