using System.Buffers;
using System.Collections.Immutable;
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

    /// <exception cref="GuestProtocolException">Data of no byte.</exception>
    public static GuestFileFrame Of(in Frame frame)
    {
        if (frame.Header.Type is not FrameType.FileData) return new GuestFileFrame(frame.Header.Type, frame.Payload.ToArray(), null);
        if (frame.Header.Length == 0) throw new GuestProtocolException("a FILE_DATA of no byte");
        var chunk = FileChunk.Rent(frame.Header.Length);
        frame.Payload.CopyTo(chunk.Bytes.Span);
        return new GuestFileFrame(frame.Header.Type, [], chunk);
    }

    /// <returns>The size in bytes.</returns>
    public long Opened(out DateTimeOffset modified)
    {
        var opened = Json(GuestJson.Default.FileOpenedPayload);
        modified = Time(opened.ModifiedMs);
        return opened.Size;
    }

    public FilePage Page()
    {
        var page = Json(GuestJson.Default.FilePagePayload);
        return new FilePage([.. (page.Files ?? []).Select(Entry)], page.Next);
    }

    public Exception Failure()
    {
        var failed = Json(GuestJson.Default.RefusedPayload);
        FileRefusal? refusal = failed.Code switch
        {
            "not_found" => FileRefusal.NotFound,
            "not_a_file" => FileRefusal.NotAFile,
            "not_a_directory" => FileRefusal.NotADirectory,
            "denied" => FileRefusal.AccessDenied,
            "full" => FileRefusal.DiskFull,
            "too_large" => FileRefusal.TooLarge,
            "invalid" => FileRefusal.InvalidPath,
            // Killed, too busy, or changed while it was read: another try may go well.
            _ => null,
        };
        return refusal is { } known ? new FileRefusedException(known, failed.Detail ?? "") : new FileTransferLostException();
    }

    private static FileEntry Entry(FileEntryPayload entry) => new(entry.Name, Kind(entry.Type), entry.Size, Time(entry.ModifiedMs));

    private static FileKind Kind(string? type) => type switch
    {
        "file" => FileKind.File,
        "directory" => FileKind.Directory,
        "symlink" => FileKind.Symlink,
        _ => FileKind.Other,
    };

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

/// <summary>What a guest is asked to do with a path.</summary>
/// <param name="Do"><c>read</c>, <c>write</c>, <c>delete</c> or <c>list</c>.</param>
internal sealed record FileTask(string Do, byte[] Path)
{
    public long? Size { get; init; }

    public byte[]? After { get; init; }

    public int? Limit { get; init; }

    public byte[] ToJson() => JsonSerializer.SerializeToUtf8Bytes(this, GuestJson.Default.FileTask);
}

internal sealed record FileOpenedPayload(long Size, long ModifiedMs);

internal sealed record FilePagePayload(ImmutableArray<FileEntryPayload>? Files, byte[]? Next);

internal sealed record FileEntryPayload(byte[] Name, string? Type, long Size, long ModifiedMs);
