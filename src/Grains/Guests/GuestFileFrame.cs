using System.Buffers;
using System.Text.Json;
using System.Text.Json.Serialization.Metadata;
using Podflare.Files;

namespace Podflare.Guests;

/// <summary>A frame of a file transfer as it came from the guest.</summary>
/// <param name="Text">JSON; empty in frames without.</param>
/// <param name="Data">The bytes of a <c>FILE_DATA</c>; null in all others.</param>
internal sealed record GuestFileFrame(FrameType Type, byte[] Text, FileChunk? Data)
{
    // What the year 1 and the year 9999 are in Unix time: a file can have any.
    private const long MinTime = -62_135_596_800_000;
    private const int MaxTag = 128;

    /// <exception cref="GuestProtocolException">Data of no byte.</exception>
    public static GuestFileFrame Of(in Frame frame)
    {
        if (frame.Header.Type is not FrameType.FileData) return new GuestFileFrame(frame.Header.Type, frame.Payload.ToArray(), null);
        if (frame.Header.Length == 0) throw new GuestProtocolException("a FILE_DATA of no byte");
        var chunk = FileChunk.Rent(frame.Header.Length);
        frame.Payload.CopyTo(chunk.Bytes.Span);
        return new GuestFileFrame(frame.Header.Type, [], chunk);
    }

    public FileOpened Opened()
    {
        var opened = Json(GuestJson.Default.FileOpenedPayload);
        return new FileOpened(opened.Size > 0 ? opened.Size : null, Time(opened.ModifiedMs)) { ETag = ETag(opened.Etag) };
    }

    public FilePage Page()
    {
        var page = Json(GuestJson.Default.FilePagePayload);
        return new FilePage([.. (page.Files ?? []).Select(Entry)], page.Next);
    }

    /// <summary>A page of a tree: the names are paths below this folder.</summary>
    public FilePage Tree(FilePath folder)
    {
        var page = Json(GuestJson.Default.FilePagePayload);
        byte[] prefix = folder.Bytes is [(byte)'/'] ? folder.Bytes : [.. folder.Bytes, (byte)'/'];
        return new FilePage([.. (page.Files ?? []).Select(file => Entry(file) is var entry ? entry with { Path = [.. prefix, .. entry.Name], Name = Last(entry.Name) } : entry)], page.Next);
    }

    /// <param name="path">Its absolute path.</param>
    /// <exception cref="FileTransferLostException">The guest describes no entry.</exception>
    public FileEntry Entry(FilePath path) => FindEntry(path) ?? throw new FileTransferLostException();

    /// <inheritdoc cref="Entry(FilePath)"/>
    /// <returns>Null from a guest that does not describe it.</returns>
    public FileEntry? FindEntry(FilePath path) =>
        Json(GuestJson.Default.FileDonePayload).Entry is { } entry ? Entry(entry) with { Path = path.Bytes } : null;

    /// <summary>What was asked for did not exist before.</summary>
    public bool Created() => Json(GuestJson.Default.FileDonePayload).Created is true;

    public ArchiveSummary Summary()
    {
        var done = Json(GuestJson.Default.FileDonePayload);
        return new ArchiveSummary(Math.Max(0, done.Files ?? 0), Math.Max(0, done.Directories ?? 0), Math.Max(0, done.Bytes ?? 0));
    }

    public Exception Failure()
    {
        var failed = Json(GuestJson.Default.RefusedPayload);
        var detail = failed.Detail ?? "";
        return failed.Code switch
        {
            "not_found" => new FileRefusedException(FileRefusal.NotFound, detail),
            "not_a_file" => new FileRefusedException(FileRefusal.NotAFile, detail),
            "not_a_directory" => new FileRefusedException(FileRefusal.NotADirectory, detail),
            "denied" => new FileRefusedException(FileRefusal.AccessDenied, detail),
            "full" => new FileRefusedException(FileRefusal.DiskFull, detail),
            "too_large" => new FileRefusedException(FileRefusal.TooLarge, detail),
            "invalid" => new FileRefusedException(FileRefusal.InvalidPath, detail),
            "exists" => new FileRefusedException(FileRefusal.Exists, detail),
            "not_empty" => new FileRefusedException(FileRefusal.DirectoryNotEmpty, detail),
            "precondition" => new PreconditionFailedException(),
            "range" => new RangeNotSatisfiableException(Math.Max(0, failed.Size ?? 0)),
            "invalid_archive" => new InvalidArchiveException(detail, Summary()),
            // Killed, too busy, or changed while it was read: another try may go well.
            _ => new FileTransferLostException(),
        };
    }

    private static FileEntry Entry(FileEntryPayload? entry) => entry is { Name: { } name }
        ? new FileEntry(name, Kind(entry.Type), entry.Size, Time(entry.ModifiedMs))
        {
            Mode = Mode(entry.Mode),
            Owner = entry.Owner,
            Group = entry.Group,
            Target = entry.Target,
            ETag = ETag(entry.Etag),
        }
        : throw new FileTransferLostException();

    private static FileKind Kind(string? type) => type switch
    {
        "file" => FileKind.File,
        "directory" => FileKind.Directory,
        "symlink" => FileKind.Symlink,
        _ => FileKind.Other,
    };

    // It becomes part of a header: what is no tag is none.
    private static string? ETag(string? tag) => tag is { Length: > 0 and <= MaxTag } && tag.All(c => char.IsAsciiHexDigitLower(c) || c == '-') ? tag : null;

    private static int? Mode(string? mode)
    {
        if (mode is not { Length: > 0 and <= 5 } || !mode.All(c => c is >= '0' and <= '7')) return null;
        return Convert.ToInt32(mode, fromBase: 8);
    }

    private static byte[] Last(byte[] path) => path[(path.AsSpan().LastIndexOf((byte)'/') + 1)..];

    private static DateTimeOffset Time(long ms) => DateTimeOffset.FromUnixTimeMilliseconds(Math.Clamp(ms, MinTime, FrameHeader.MaxTime));

    private T Json<T>(JsonTypeInfo<T> type)
        where T : class
    {
        try
        {
            return JsonSerializer.Deserialize(Text, type) ?? throw new FileTransferLostException();
        }
        catch (JsonException)
        {
            throw new FileTransferLostException();
        }
    }
}
