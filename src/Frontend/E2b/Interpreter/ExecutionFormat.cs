using System.Buffers;
using System.Buffers.Text;
using System.Text;
using System.Text.Json;
using Podflare.Http;
using Podflare.Runs;
using Podflare.Streaming;

namespace Podflare.E2b.Interpreter;

/// <summary>
/// Sends the events of a run as the lines of E2B's code interpreter. They are ASCII, because a client decodes each packet by itself. The exit is not
/// written but kept: what it means depends on whether the sandbox still runs.
/// </summary>
internal sealed class ExecutionFormat : EventFormatter
{
    private static ReadOnlySpan<byte> Stdout => "{\"type\":\"stdout\",\"data\":\""u8;

    private static ReadOnlySpan<byte> Stderr => "{\"type\":\"stderr\",\"data\":\""u8;

    private static ReadOnlySpan<byte> DataEnd => "\",\"seq\":"u8;

    private static ReadOnlySpan<byte> TimeKey => ",\"ts\":"u8;

    public override ReadOnlySpan<byte> Heartbeat => "{\"type\":\"keepalive\"}\n"u8;

    /// <summary>The exit of the run; null until it was met.</summary>
    public ExecutionEnd? End { get; private set; }

    public static void WriteCount(int count, IBufferWriter<byte> to)
    {
        Write(to, json =>
        {
            json.WriteString("type"u8, "number_of_executions"u8);
            json.WriteNumber("execution_count"u8, count);
        });
    }

    public override void Write(EventBatch batch, IBufferWriter<byte> to)
    {
        for (var i = 0; i < batch.Ends.Length; i++)
        {
            var line = Line(batch, i);
            if (line.StartsWith(Stdout)) WriteOutput("{\"type\":\"stdout\",\"text\":\""u8, line, Stdout.Length, to);
            else if (line.StartsWith(Stderr)) WriteOutput("{\"type\":\"stderr\",\"text\":\""u8, line, Stderr.Length, to);
            else WriteOther(line, to);
        }
    }

    // The text is escaped already, so it is copied. Quotes in it are escaped, and only digits follow it.
    private static void WriteOutput(ReadOnlySpan<byte> head, ReadOnlySpan<byte> line, int start, IBufferWriter<byte> to)
    {
        var end = line.LastIndexOf(DataEnd);
        to.Write(head);
        to.Write(line[start..end]);
        var rest = line[end..];
        if (!Utf8Parser.TryParse(rest[(rest.IndexOf(TimeKey) + TimeKey.Length)..], out long time, out _)) time = 0;
        to.Write("\",\"timestamp\":\""u8);
        to.Write(Encoding.ASCII.GetBytes(Timestamps.ToRfc3339(DateTimeOffset.FromUnixTimeMilliseconds(time))));
        to.Write("\"}\n"u8);
    }

    private void WriteOther(ReadOnlySpan<byte> line, IBufferWriter<byte> to)
    {
        var reader = new Utf8JsonReader(line);
        using var document = JsonDocument.ParseValue(ref reader);
        var item = document.RootElement;
        var type = item.GetProperty("type"u8);
        if (type.ValueEquals("exit"u8)) End = ExecutionEnd.Of(item);
        else if (type.ValueEquals("result"u8))
        {
            using (var json = new Utf8JsonWriter(to)) ExecutionResult.Write(json, item);
            to.Write("\n"u8);
        }
    }

    /// <summary>Writes an object as a line.</summary>
    public static void Write(IBufferWriter<byte> to, Action<Utf8JsonWriter> members)
    {
        using (var json = new Utf8JsonWriter(to))
        {
            json.WriteStartObject();
            members(json);
            json.WriteEndObject();
        }

        to.Write("\n"u8);
    }
}
