using System.Globalization;
using System.Text.Json;
using Podflare.Sandboxes;
using Podflare.Streaming;
using StackExchange.Redis;

namespace Podflare.Runs;

/// <summary>Reads runs as the scripts of <see cref="RedisScripts"/> and those of the previous version have written them.</summary>
internal static class RedisRunReader
{
    // Entries have no size limit here, so a read begins with one and asks for more only as long as they turn out small.
    private const int MostEntriesPerRead = 32;
    private const int MostReads = 4;

    /// <exception cref="JsonException">The record cannot be read.</exception>
    /// <exception cref="FormatException">The record cannot be read.</exception>
    public static async Task<RunRecord?> FindRunAsync(IDatabase db, SandboxId sandbox, RunId run)
    {
        var fields = await db.HashGetAsync(RedisKeys.Run(sandbox, run), ["hash", "run", "exit", "last", "end", "short", "use"]);
        if (fields is not [{ IsNull: false } hash, ..]) return null;
        if (!fields[5].IsNull)
        {
            var read = ShortRun.Read(fields[5]!);
            return read.Run.ToRecord(run, hash!) with { Exit = Required(fields[2]), LastSeq = read.LastSeq, Ending = read.Ending with { Usage = ShortUsage.Read(fields[6]) } };
        }

        var record = StoredRun.ReadRun(Required(fields[1])).ToRecord(run, hash!);
        return fields[2].IsNull
            ? record
            : record with { Exit = fields[2], LastSeq = Number(fields[3]), Ending = StoredRun.ReadEnding(Required(fields[4])) };
    }

    public static async Task<LogBounds?> FindBoundsAsync(IDatabase db, SandboxId sandbox, RunId run)
    {
        var key = RedisKeys.Run(sandbox, run);
        var reading = db.HashGetAsync(key, ["at", "last", "pos", "short"]);
        var existing = db.KeyExistsAsync(RedisKeys.Events(sandbox, run));
        var holding = db.HashExistsAsync(key, "lines");
        var sizes = (Lines: db.HashStringLengthAsync(key, "lines"), Exit: db.HashStringLengthAsync(key, "exit"));
        var fields = await reading;
        var (exists, holds, lines, exit) = (await existing, await holding, await sizes.Lines, await sizes.Exit);
        if (!fields[3].IsNull)
        {
            var read = ShortRun.Read(fields[3]!);
            return holds ? new LogBounds(1, read.LastSeq, read.Frame, lines + exit) : null;
        }

        if (!exists) return null;
        var last = fields[1].IsNull ? fields[0] : fields[1];
        if (fields[2].IsNull || ((string)fields[2]!).Split(' ') is not [var seq, var frame, var first, var held] || seq != (string?)last)
            return await ReadBoundsAsync(db, RedisKeys.Events(sandbox, run));
        return new LogBounds(Parse(first), Parse(seq), ulong.Parse(frame, CultureInfo.InvariantCulture), Parse(held));
    }

    public static async Task<LogEntry?> FindLastEntryAsync(IDatabase db, SandboxId sandbox, RunId run)
    {
        var newest = db.StreamRangeAsync(RedisKeys.Events(sandbox, run), count: 1, messageOrder: Order.Descending);
        var shortLines = ReadShortAsync(db, sandbox, run, TimeSpan.Zero);
        if (await newest is [var entry])
        {
            await shortLines;
            return new LogEntry(Seq(entry), (byte[])entry["e"]!);
        }

        return await shortLines is { } batch ? new LogEntry(batch.LastSeq, batch.Utf8) : null;
    }

    /// <param name="recordExtra">Time for which a record is kept after its events: what it holds of them is not shown in this time.</param>
    public static async Task<EventBatch?> ReadAfterAsync(IDatabase db, SandboxId sandbox, RunId run, long seq, int maxBytes, TimeSpan recordExtra)
    {
        var key = RedisKeys.Events(sandbox, run);
        List<EventBatch> parts = [];
        var bytes = 0;
        var (after, count) = (seq, 1);
        for (var read = 0; read < MostReads && bytes < maxBytes; read++)
        {
            var reading = db.StreamRangeAsync(key, minId: $"({after}-0", count: count);
            var shortRun = read == 0 ? ReadShortAsync(db, sandbox, run, recordExtra) : null;
            var entries = await reading;
            if (shortRun is not null && await shortRun is { } batchOfShort && entries.Length == 0) return EventBatches.Slice(batchOfShort, seq, maxBytes);
            foreach (var entry in entries)
            {
                var batch = ToBatch(entry);
                if (parts.Count == 0 && batch.FirstSeq <= seq) batch = batch.After(seq);
                else if (parts.Count > 0 && batch.FirstSeq != after + 1) return EventBatches.Join(parts);  // trimmed in between: the reader asks again
                parts.Add(batch);
                bytes += batch.Utf8.Length;
                after = batch.LastSeq;
                if (bytes >= maxBytes) break;
            }

            if (entries.Length < count) break;
            count = Math.Clamp((int)((maxBytes - bytes) / Math.Max(1L, bytes / parts.Count)), 1, Math.Min(count * 4, MostEntriesPerRead));
        }

        return parts.Count == 0 ? null : EventBatches.Join(parts);
    }

    public static async Task<IReadOnlyDictionary<string, RunUsage>> ReadUsageAsync(IDatabase db, SandboxId sandbox)
    {
        Dictionary<string, RunUsage> usage = new(StringComparer.Ordinal);
        foreach (var entry in await db.HashGetAllAsync(RedisKeys.Usage(sandbox)))
        {
            if (entry.Name.ToString().Split('|') is not [var key, var name]) continue;
            var known = usage.GetValueOrDefault(key);
            usage[key] = name == "runs" ? known with { Runs = (long)entry.Value } : known with { Bytes = (long)entry.Value };
        }

        return usage;
    }

    /// <summary>The one batch of a run that ended in it; null for any other run, or when its lines are gone.</summary>
    private static async Task<EventBatch?> ReadShortAsync(IDatabase db, SandboxId sandbox, RunId run, TimeSpan recordExtra)
    {
        var key = RedisKeys.Run(sandbox, run);
        var reading = db.HashGetAsync(key, ["short", "lines", "exit"]);
        var left = await db.KeyTimeToLiveAsync(key);
        var fields = await reading;
        if (fields[0].IsNull || fields[1].IsNull) return null;
        var read = ShortRun.Read(fields[0]!);
        if (!(read.Run.Keyless is true) && left <= recordExtra) return null;
        return EventBatches.FromLines(read.LastSeq, [.. (byte[])fields[1]!, .. (byte[])fields[2]!]);
    }

    // An older version has noted no position.
    private static async Task<LogBounds?> ReadBoundsAsync(IDatabase db, RedisKey key)
    {
        var first = db.StreamRangeAsync(key, count: 1);
        var last = db.StreamRangeAsync(key, count: 1, messageOrder: Order.Descending);
        if (await first is not [var oldest] || await last is not [var newest]) return null;
        var oldestBatch = ToBatch(oldest);
        var bytes = (long)newest["b"] - (long)oldest["b"] + oldestBatch.Utf8.Length;
        return new LogBounds(oldestBatch.FirstSeq, Seq(newest), (ulong)newest["f"], bytes);
    }

    private static EventBatch ToBatch(StreamEntry entry) => EventBatches.FromLines(Seq(entry), (byte[])entry["e"]!);

    private static long Seq(StreamEntry entry)
    {
        var id = (string)entry.Id!;
        return Parse(id.AsSpan(0, id.IndexOf('-', StringComparison.Ordinal)));
    }

    private static string Required(RedisValue value) => (string?)value ?? throw new FormatException("A field of a run record is missing.");

    private static long Number(RedisValue value) => Parse(Required(value));

    private static long Parse(ReadOnlySpan<char> text) => long.Parse(text, CultureInfo.InvariantCulture);
}
