using System.Buffers;
using System.Globalization;
using System.Text;
using System.Text.Json;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Logging.Console;

namespace Podflare.Telemetry;

/// <summary>Log records on the console: one JSON object per line, with the ids of trace, sandbox and run at its top level.</summary>
public sealed class JsonLines(SandboxTraces traces, TimeProvider time) : ConsoleFormatter(FormatterName)
{
    /// <summary>As <c>Logging:Console:FormatterName</c> takes it.</summary>
    public const string FormatterName = "podflare";

    public override void Write<TState>(in LogEntry<TState> logEntry, IExternalScopeProvider? scopeProvider, TextWriter textWriter)
    {
        var message = logEntry.Formatter(logEntry.State, logEntry.Exception);
        var exception = logEntry.Exception?.ToString();
        var buffer = new ArrayBufferWriter<byte>(512);
        using (var json = new Utf8JsonWriter(buffer))
        {
            json.WriteStartObject();
            json.WriteString("timestamp"u8, time.GetUtcNow().UtcDateTime.ToString("yyyy-MM-dd'T'HH:mm:ss.fff'Z'", CultureInfo.InvariantCulture));
            json.WriteString("level"u8, LevelName(logEntry.LogLevel));
            json.WriteString("category"u8, logEntry.Category);
            json.WriteString("message"u8, message);
            LogIds.Of(traces, message, exception).Write(json);
            if (exception is not null) json.WriteString("exception"u8, exception);
            json.WriteEndObject();
        }

        textWriter.WriteLine(Encoding.UTF8.GetString(buffer.WrittenSpan));
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
