using System.Globalization;
using System.Text.Json;

namespace Podflare.Runs;

/// <summary>
/// Record, ending and position of a run that ended in its first batch, as one short text. Redis keeps a hash compact only while no value
/// is longer than 64 bytes, so this is a list of numbers and not JSON: language, timeout in seconds, on_disconnect, creation in hexadecimal
/// ticks, exit code, reason, ticks to the start and to the end, restarted, last <c>seq</c>, frame, keyless, and the trace as JSON. Behind restarted
/// may be slashes with the execution count and 1 for lost state. <c>on_disconnect</c> matters to nobody any more: the usual one is a dash, which an
/// older version reads as unknown.
/// </summary>
internal sealed record ShortRun(StoredRun Run, RunEnding Ending, long LastSeq, ulong Frame)
{
    private const string None = "-";
    private const int Fields = 12;

    /// <returns>Empty where the run has what this form has no place for.</returns>
    public static string Write(RunRecord record, RunEnding ending, long lastSeq, ulong frame)
    {
        if (record.Details is not null || ending.Signal is not null) return "";
        var created = record.CreatedAt.UtcTicks;
        var text = string.Create(
            CultureInfo.InvariantCulture,
            $"{record.Language} {(decimal)record.Timeout.Ticks / TimeSpan.TicksPerSecond} {(record.OnDisconnect is OnDisconnect.Continue ? None : record.OnDisconnect.ToString())} {created:x} {ending.Code} {ending.Reason?.ToString() ?? None} {Ticks(ending.StartedAt, created)} {ending.EndedAt.UtcTicks - created} {Restart(ending)} {lastSeq} {frame} {(record.Keyless ? 1 : 0)}");
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
            parts[2] == None ? OnDisconnect.Continue : EnumText.Read(parts[2], OnDisconnect.Unknown),
            At(created),
            parts.Length > Fields ? JsonSerializer.Deserialize(parts[Fields], RunJson.Default.RunTrace) : null,
            parts[11] == "1");
        var restart = parts[8].Split('/');
        var ending = new RunEnding(
            int.Parse(parts[4], CultureInfo.InvariantCulture),
            parts[5] == None ? null : EnumText.Read(parts[5], ExitReason.Unknown),
            parts[6] == None ? null : At(created + Number(parts[6])),
            At(created + Number(parts[7])),
            restart[0] == "1",
            restart.Length > 1 && restart[1] != "0" ? int.Parse(restart[1], CultureInfo.InvariantCulture) : null,
            restart.Length > 2 ? true : null);
        return new ShortRun(run, ending, Number(parts[9]), ulong.Parse(parts[10], CultureInfo.InvariantCulture));
    }

    private static string Restart(RunEnding ending)
    {
        var restarted = ending.ReplRestarted ? "1" : "0";
        if (ending is { Execution: null, StateLost: not true }) return restarted;
        return string.Create(CultureInfo.InvariantCulture, $"{restarted}/{ending.Execution ?? 0}{(ending.StateLost is true ? "/1" : "")}");
    }

    private static string Ticks(DateTimeOffset? at, long created) => at is { } time ? (time.UtcTicks - created).ToString(CultureInfo.InvariantCulture) : None;

    private static long Number(string text) => long.Parse(text, CultureInfo.InvariantCulture);

    private static DateTimeOffset At(long ticks) => new(ticks, TimeSpan.Zero);
}
