using System.Text;
using System.Text.Json.Nodes;

namespace Podflare.Guests;

public sealed partial class ScriptedGuest
{
    private readonly Dictionary<ulong, JsonObject> _files = [];
    private readonly List<string> _fileTasks = [];
    private readonly List<byte> _written = [];

    /// <summary>What was asked for, as the JSON of <c>FILE</c> frames.</summary>
    public IReadOnlyList<string> FileTasks
    {
        get { lock (_lock) return [.. _fileTasks]; }
    }

    /// <summary>The bytes of all writes.</summary>
    public byte[] Written
    {
        get { lock (_lock) return [.. _written]; }
    }

    /// <summary>The JSON of <c>FILE_DONE</c>, or of <c>FILE_FAILED</c> where it has a <c>code</c>. A read gets it as <c>FILE_OPENED</c>.</summary>
    public string FileAnswer { get; set; } = "{}";

    /// <summary>What a read gives.</summary>
    public string FileContent { get; set; } = "content";

    private void TakeFile(FrameType type, ulong number, byte[] payload)
    {
        switch (type)
        {
            case FrameType.File:
                _files[number] = Json(payload);
                _fileTasks.Add(Encoding.UTF8.GetString(payload));
                var isRead = (string?)_files[number]["do"] is "read" or "tar_read";
                var isWrite = (string?)_files[number]["do"] is "write" or "tar_write";
                if (FileAnswer.Contains("\"code\"", StringComparison.Ordinal) && !isWrite) Send(FrameType.FileFailed, number, FileAnswer);
                else if (isRead) Send(FrameType.FileOpened, number, FileAnswer);
                else if (isWrite) Send(FrameType.FileNext, number, []);
                else Send(FrameType.FileDone, number, FileAnswer);
                break;
            case FrameType.FileNext:
                var isFirst = _files.Remove(number);
                Send(isFirst ? FrameType.FileData : FrameType.FileEnd, number, isFirst ? Encoding.UTF8.GetBytes(FileContent) : []);
                break;
            case FrameType.FileData:
                _written.AddRange(payload);
                Send(FrameType.FileNext, number, []);
                break;
            case FrameType.FileEnd:
                Send(FileAnswer.Contains("\"code\"", StringComparison.Ordinal) ? FrameType.FileFailed : FrameType.FileDone, number, FileAnswer);
                break;
        }
    }
}
