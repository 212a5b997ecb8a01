using System.Globalization;
using System.Text.Json;

namespace Podflare.Runs;

/// <summary>
/// Record, ending and position of a run that ended in its first batch, as one short text. Redis keeps a hash compact only while no value
/// is longer than 64 bytes, so this is a list of numbers and not JSON: language, timeout in seconds, on_disconnect, creation in hexadecimal
/// ticks, exit code, reason, ticks to the start and to the end, restarted, last <c>seq</c>, frame, keyless, and the trace as JSON.
/// </summary>
internal sealed record ShortRun(StoredRun Run, RunEnding Ending, long LastSeq, ulong Frame)
{
    private const string None = "-";
    private const int Fields = 12;

    public static string Write(RunRecord record, RunEnding ending, long lastSeq, ulong frame)
    {
        var created = record.CreatedAt.UtcTicks;
        var text = string.Create(
            CultureInfo.InvariantCulture,
            $"{record.Language} {(decimal)record.Timeout.Ticks / TimeSpan.TicksPerSecond} {record.OnDisconnect} {created:x} {ending.Code} {ending.Reason?.ToString() ?? None} {Ticks(ending.StartedAt, created)} {ending.EndedAt.UtcTicks - created} {(ending.ReplRestarted ? 1 : 0)} {lastSeq} {frame} {(record.Keyless ? 1 : 0)}");
        return record.Trace is { } trace ? $"{text} {JsonSerializer.Serialize(trace, RunJson.Default.RunTrace)}" : text;
    }

    /// <exception cref="FormatException">The text was not written by <see cref="Write"/>.</exception>
    /// <exception cref="JsonException">The trace cannot be read.</exception>
    public static ShortRun Read(string text)
    {
        var parts = text.Split(' ', Fields + 1);
        if (parts.Length < Fields) throw new FormatException($"A short run record has {parts.Length} fields.");
        var created = long.Parse(parts[3], NumberStyles.HexNumber, CultureInfo.InvariantCulture);
        var run = new StoredRun(
            EnumText.Read(parts[0], RunLanguage.Unknown),
            TimeSpan.FromTicks((long)(decimal.Parse(parts[1], CultureInfo.InvariantCulture) * TimeSpan.TicksPerSecond)),
            EnumText.Read(parts[2], OnDisconnect.Unknown),
            At(created),
            parts.Length > Fields ? JsonSerializer.Deserialize(parts[Fields], RunJson.Default.RunTrace) : null,
            parts[11] == "1");
        var ending = new RunEnding(
            int.Parse(parts[4], CultureInfo.InvariantCulture),
            parts[5] == None ? null : EnumText.Read(parts[5], ExitReason.Unknown),
            parts[6] == None ? null : At(created + Number(parts[6])),
            At(created + Number(parts[7])),
            parts[8] == "1");
        return new ShortRun(run, ending, Number(parts[9]), ulong.Parse(parts[10], CultureInfo.InvariantCulture));
    }

    private static string Ticks(DateTimeOffset? at, long created) => at is { } time ? (time.UtcTicks - created).ToString(CultureInfo.InvariantCulture) : None;

    private static long Number(string text) => long.Parse(text, CultureInfo.InvariantCulture);

    private static DateTimeOffset At(long ticks) => new(ticks, TimeSpan.Zero);
}
