using System.Buffers;
using System.Text.Json;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;

namespace Podflare.Telemetry;

/// <summary>Log records as lines: one JSON object each, with the ids of trace, sandbox and run at its top level.</summary>
internal sealed class JsonLogFormatter(SandboxTraces traces, TimeProvider time)
{
    private const int MaxKept = 64 << 10;

    [ThreadStatic]
    private static ArrayBufferWriter<byte>? _buffer;

    [ThreadStatic]
    private static Utf8JsonWriter? _json;

    public void Write<TState>(in LogEntry<TState> entry, LogLineWriter writer)
    {
        // First: it is the caller's code, and may log as well.
        var message = entry.Formatter(entry.State, entry.Exception);
        var exception = entry.Exception?.ToString();
        var buffer = _buffer ??= new ArrayBufferWriter<byte>(1024);
        var json = _json ??= new Utf8JsonWriter(buffer);
        buffer.ResetWrittenCount();
        json.Reset();
        json.WriteStartObject();
        WriteTime(json);
        json.WriteString("level"u8, LevelName(entry.LogLevel));
        json.WriteString("category"u8, entry.Category);
        json.WriteString("message"u8, message);
        LogIds.Of(traces, message, exception).Write(json);
        if (exception is not null) json.WriteString("exception"u8, exception);
        json.WriteEndObject();
        json.Flush();
        buffer.Write("\n"u8);
        writer.Add(buffer.WrittenSpan, urgent: entry.LogLevel >= LogLevel.Error);
        if (buffer.Capacity > MaxKept) (_buffer, _json) = (null, null);
    }

    // The round-trip form has seven digits of a second, of which three say enough.
    private void WriteTime(Utf8JsonWriter json)
    {
        Span<byte> text = stackalloc byte[32];
        time.GetUtcNow().UtcDateTime.TryFormat(text, out _, "O");
        text[23] = (byte)'Z';
        json.WriteString("timestamp"u8, text[..24]);
    }

    private static ReadOnlySpan<byte> LevelName(LogLevel level) => level switch
    {
        LogLevel.Trace => "trace"u8,
        LogLevel.Debug => "debug"u8,
        LogLevel.Information => "info"u8,
        LogLevel.Warning => "warn"u8,
        LogLevel.Error => "error"u8,
        _ => "critical"u8,
    };
}
