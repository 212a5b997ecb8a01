using System.Text.Json.Serialization;

namespace Podflare.E2b.Envd;

/// <summary>A request that has nothing but a path.</summary>
internal sealed record PathMessage(string? Path);

internal sealed record ListDirMessage(string? Path, int? Depth);

internal sealed record MoveMessage(string? Source, string? Destination);

/// <param name="Size">In bytes, as text: numbers of 64 bits are text in this protocol.</param>
/// <param name="Mode">Permissions as a number.</param>
/// <param name="Permissions">The same as text, such as <c>-rw-r--r--</c>.</param>
/// <param name="SymlinkTarget">Absolute path; null for what is not a link.</param>
internal sealed record EntryInfo(
    string Name, string Type, string Path, string Size, int Mode, string Permissions, string Owner, string Group, string ModifiedTime, string? SymlinkTarget);

internal sealed record EntryMessage(EntryInfo Entry);

internal sealed record EntriesMessage(IReadOnlyList<EntryInfo> Entries);

/// <param name="IncludeEntry">Not supported by the version that the server reports, so it is ignored.</param>
internal sealed record WatchDirMessage(string? Path, bool? Recursive, bool? IncludeEntry);

internal sealed record WatcherMessage(string? WatcherId);

/// <summary>A change of a watched folder.</summary>
/// <param name="Name">Path relative to the folder.</param>
internal sealed record FilesystemEvent(string Name, string Type);

internal sealed record WatcherEvents(IReadOnlyList<FilesystemEvent> Events);

/// <summary>A file that was written.</summary>
internal sealed record WrittenFile(string Name, string Path, string Type);

[JsonSourceGenerationOptions(
    PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase, DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull, NumberHandling = JsonNumberHandling.AllowReadingFromString)]
[JsonSerializable(typeof(PathMessage))]
[JsonSerializable(typeof(ListDirMessage))]
[JsonSerializable(typeof(MoveMessage))]
[JsonSerializable(typeof(EntryMessage))]
[JsonSerializable(typeof(EntriesMessage))]
[JsonSerializable(typeof(WatchDirMessage))]
[JsonSerializable(typeof(WatcherMessage))]
[JsonSerializable(typeof(FilesystemEvent))]
[JsonSerializable(typeof(WatcherEvents))]
[JsonSerializable(typeof(IReadOnlyList<WrittenFile>))]
internal sealed partial class FileMessageJson : JsonSerializerContext;
