using System.Globalization;
using System.Text;
using System.Text.Json;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;
using Podflare.Containers;

namespace Podflare.Audit;

/// <summary>
/// The audit logs of the embedded process: one file per tenant and month in the folder <c>audit</c> of its run folder, one entry per line. Entries are
/// on the disk when an append returns. Whole months leave the log.
/// </summary>
public sealed partial class FileAuditLog : IAuditLog
{
    // Ids are looked for among the newest entries.
    private const int MostIds = 10_000;

    private readonly Lock _lock = new();
    private readonly Dictionary<string, OpenLog> _open = new(StringComparer.Ordinal);
    private readonly string _folder;
    private readonly AuditOptions _options;
    private readonly TimeProvider _time;
    private readonly ILogger<FileAuditLog> _logger;

    public FileAuditLog(RunFolder folder, IOptions<AuditOptions> options, TimeProvider time, ILogger<FileAuditLog> logger)
        : this(Path.Combine(folder.Path, "audit"), options.Value, time, logger)
    {
    }

    internal FileAuditLog(string folder, AuditOptions options, TimeProvider time, ILogger<FileAuditLog> logger) =>
        (_folder, _options, _time, _logger) = (folder, options, time, logger);

    public Task<AuditLink> ReadHeadAsync(string log, CancellationToken cancellationToken) => TryAsync(() => Open(log).Head);

    public Task<IReadOnlySet<string>> FindKnownAsync(string log, IReadOnlyList<string> ids, CancellationToken cancellationToken) =>
        TryAsync<IReadOnlySet<string>>(() => ids.Where(Open(log).Ids.Contains).ToHashSet(StringComparer.Ordinal));

    public Task<bool> AppendAsync(string log, AuditLink before, IReadOnlyList<ChainedAuditEntry> entries, CancellationToken cancellationToken) => TryAsync(() =>
    {
        var open = Open(log);
        if (open.Head != before) return false;
        var folder = FolderOf(log);
        Directory.CreateDirectory(folder, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);

        // After a failure the file may end in the middle of an entry: the log is read again.
        _open.Remove(log);
        using (var file = new FileStream(Path.Combine(folder, $"{Month(_time.GetUtcNow())}.ndjson"), FileMode.Append, FileAccess.Write))
        {
            file.Write(Encoding.UTF8.GetBytes(string.Concat(entries.Select(entry => entry.Json + "\n"))));
            file.Flush(flushToDisk: true);
        }

        open.Head = entries[^1].Link;
        foreach (var entry in entries) open.Add(entry.Id);
        _open[log] = open;
        Forget(log, open);
        return true;
    });

    public Task<IReadOnlyList<string>> ReadBeforeAsync(string log, long seq, int count, CancellationToken cancellationToken) => TryAsync<IReadOnlyList<string>>(() =>
    {
        Open(log);
        List<string> found = [];
        foreach (var file in Files(log).Reverse())
        {
            foreach (var line in File.ReadAllLines(file).Reverse())
            {
                if (found.Count == count) return found;
                if (SeqOf(line) < seq) found.Add(line);
            }
        }

        return found;
    });

    // The file system is fast enough for the few entries of one process, and one lock keeps a log whole.
    private Task<T> TryAsync<T>(Func<T> act) => Task.Run(() =>
    {
        try
        {
            lock (_lock) return act();
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException or JsonException)
        {
            LogFailed(e);
            throw new StorageUnavailableException();
        }
    });

    private OpenLog Open(string log)
    {
        if (_open.TryGetValue(log, out var known)) return known;
        var open = new OpenLog();
        var files = Files(log).ToArray();
        if (files.Length > 0) CutTornLine(files[^1]);
        foreach (var file in files)
        {
            foreach (var line in File.ReadLines(file))
            {
                using var entry = JsonDocument.Parse(line);
                open.Head = new AuditLink(entry.RootElement.GetProperty("seq").GetInt64(), entry.RootElement.GetProperty("hash").GetString()!);
                open.Add(entry.RootElement.GetProperty("id").GetString()!);
            }
        }

        return _open[log] = open;
    }

    // The process died in the middle of a write, which nobody was told had succeeded.
    private static void CutTornLine(string path)
    {
        using var file = new FileStream(path, FileMode.Open, FileAccess.ReadWrite);
        var end = file.Length;
        for (; end > 0; end--)
        {
            file.Position = end - 1;
            if (file.ReadByte() == '\n') break;
        }

        file.SetLength(end);
    }

    private void Forget(string log, OpenLog open)
    {
        var oldest = Month(_time.GetUtcNow().AddDays(-_options.RetentionDays));
        var files = Files(log).ToArray();
        foreach (var file in files.SkipLast(1))
        {
            var isOver = string.CompareOrdinal(Path.GetFileNameWithoutExtension(file), oldest) < 0;
            if (!isOver && open.Head.Seq - FirstSeqOf(file) < _options.MaxEntries) break;
            File.Delete(file);
        }
    }

    private static long FirstSeqOf(string file) => File.ReadLines(file).FirstOrDefault() is { } line ? SeqOf(line) : 0;

    private static long SeqOf(string line)
    {
        using var entry = JsonDocument.Parse(line);
        return entry.RootElement.GetProperty("seq").GetInt64();
    }

    private IEnumerable<string> Files(string log) =>
        Directory.Exists(FolderOf(log)) ? Directory.EnumerateFiles(FolderOf(log), "????-??.ndjson").Order(StringComparer.Ordinal) : [];

    // A tenant may be called ".."; with a letter in front no name means anything to the file system.
    private string FolderOf(string log) => Path.Combine(_folder, $"t{log}");

    private static string Month(DateTimeOffset at) => at.UtcDateTime.ToString("yyyy-MM", CultureInfo.InvariantCulture);

    [LoggerMessage(LogLevel.Error, "The audit log could not be read or written.")]
    private partial void LogFailed(Exception exception);

    private sealed class OpenLog
    {
        private readonly Queue<string> _order = new();

        public AuditLink Head { get; set; } = AuditChain.Start;

        public HashSet<string> Ids { get; } = new(StringComparer.Ordinal);

        public void Add(string id)
        {
            if (!Ids.Add(id)) return;
            _order.Enqueue(id);
            if (_order.Count > MostIds) Ids.Remove(_order.Dequeue());
        }
    }
}
