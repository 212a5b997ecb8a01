using System.Text;
using System.Text.Json;
using Podflare.Streaming;

namespace Podflare.Mcp;

/// <summary>Parses stored events, which this server has rendered itself.</summary>
internal static class EventLines
{
    public static IReadOnlyList<RunEvent> Parse(EventBatch batch)
    {
        var events = new RunEvent[batch.Ends.Length];
        for (var i = 0; i < events.Length; i++)
        {
            var start = i == 0 ? 0 : batch.Ends[i - 1];
            events[i] = Parse(batch.Utf8.AsMemory(start, batch.Ends[i] - start));
        }

        return events;
    }

    private static RunEvent Parse(ReadOnlyMemory<byte> line)
    {
        using var document = JsonDocument.Parse(line);
        var json = document.RootElement;
        var (seq, data) = (json.GetProperty("seq"u8).GetInt64(), json.GetProperty("data"u8));
        return json.GetProperty("type"u8).GetString() switch
        {
            "stdout" => new RunText(seq, Text(json, data), IsError: false),
            "stderr" => new RunText(seq, Text(json, data), IsError: true),
            "pty" => new RunText(seq, Encoding.UTF8.GetString(data.GetBytesFromBase64()), IsError: false),
            "result" => new RunValue(seq, data.EnumerateObject().ToDictionary(value => value.Name, value => value.Value.Clone())),
            "exit" => new RunEnd(
                seq, data.GetInt32(), Word(json, "reason"), Word(json, "signal"), json.TryGetProperty("state_lost"u8, out var lost) && lost.ValueKind is JsonValueKind.True, FaultOf(json)),
            _ => new RunEvent(seq),
        };
    }

    private static string Text(JsonElement json, JsonElement data) =>
        Word(json, "encoding") == "base64" ? Encoding.UTF8.GetString(data.GetBytesFromBase64()) : data.GetString()!;

    private static RunFault? FaultOf(JsonElement json) =>
        json.TryGetProperty("error"u8, out var error) && error.ValueKind is JsonValueKind.Object ? new RunFault(Word(error, "name"), Word(error, "value"), Word(error, "traceback")) : null;

    private static string? Word(JsonElement json, string name) => json.TryGetProperty(name, out var value) && value.ValueKind is JsonValueKind.String ? value.GetString() : null;
}
