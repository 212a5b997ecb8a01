using System.Collections.Immutable;
using System.Text;
using System.Text.Json;
using Podflare.Runs;
using Podflare.Streaming;

namespace Podflare.GrainClient;

/// <summary>Parses rendered events.</summary>
internal static class EventLines
{
    /// <summary>The events of a batch. Types that a later version may add are skipped.</summary>
    public static IEnumerable<RunEvent> Parse(EventBatch batch)
    {
        for (var i = 0; i < batch.Ends.Length; i++)
        {
            var start = i == 0 ? 0 : batch.Ends[i - 1];
            if (ParseLine(batch.Utf8.AsMemory(start, batch.Ends[i] - start)) is { } parsed) yield return parsed;
        }
    }

    private static RunEvent? ParseLine(ReadOnlyMemory<byte> line)
    {
        using var document = JsonDocument.Parse(line);
        var root = document.RootElement;
        var seq = root.GetProperty("seq"u8).GetInt64();
        var at = DateTimeOffset.FromUnixTimeMilliseconds(root.GetProperty("ts"u8).GetInt64());
        var data = root.GetProperty("data"u8);
        return root.GetProperty("type"u8).GetString() switch
        {
            "stdout" => new StdoutEvent(seq, at, Output(root, data, out var bytes)) { Bytes = bytes },
            "stderr" => new StderrEvent(seq, at, Output(root, data, out var bytes)) { Bytes = bytes },
            "exit" => new ExitEvent(seq, at, data.GetInt32(), ParseReason(root), ParseError(root)) { Signal = TextOrNull(root, "signal"), StateLost = IsTrue(root, "state_lost") },
            "start" => new StartEvent(seq, at, data.GetInt32()),
            "pty" => new TerminalEvent(seq, at, data.GetBytesFromBase64()),
            "result" => Result(root, data, seq, at),
            "input_request" => new InputRequestEvent(seq, at, data.GetString()!, IsTrue(root, "password")),
            "file" => new FileChangedEvent(seq, at, TextOrNull(data, "path"), TextOrNull(data, "change") ?? "", TextOrNull(data, "from")),
            "dropped" => new DroppedEvent(seq, at, data.GetInt64()),
            _ => null,
        };
    }

    private static ExitReason? ParseReason(JsonElement exit) =>
        exit.TryGetProperty("reason"u8, out var reason) && Enum.TryParse<ExitReason>(reason.GetString(), ignoreCase: true, out var known) ? known : null;

    private static RunError? ParseError(JsonElement exit) =>
        exit.TryGetProperty("error"u8, out var error) ? new RunError(Text(error, "name"), Text(error, "value"), Text(error, "traceback")) : null;

    private static string Output(JsonElement root, JsonElement data, out byte[]? bytes)
    {
        bytes = TextOrNull(root, "encoding") == "base64" ? data.GetBytesFromBase64() : null;
        return bytes is null ? data.GetString()! : Encoding.UTF8.GetString(bytes);
    }

    private static ResultEvent Result(JsonElement root, JsonElement data, long seq, DateTimeOffset at) =>
        new(seq, at, data.EnumerateObject().ToImmutableDictionary(part => part.Name, part => part.Value.Clone()), IsTrue(root, "main"))
        {
            Omitted = root.TryGetProperty("omitted"u8, out var omitted) ? omitted.EnumerateObject().ToImmutableDictionary(part => part.Name, part => part.Value.GetInt64()) : ImmutableDictionary<string, long>.Empty,
            Truncated = root.TryGetProperty("truncated"u8, out var truncated) ? [.. truncated.EnumerateArray().Select(part => part.GetString()!)] : [],
        };

    private static string? TextOrNull(JsonElement json, string name) => json.TryGetProperty(name, out var text) && text.ValueKind is JsonValueKind.String ? text.GetString() : null;

    private static bool IsTrue(JsonElement json, string name) => json.TryGetProperty(name, out var value) && value.ValueKind is JsonValueKind.True;

    private static string Text(JsonElement error, string name) => error.TryGetProperty(name, out var text) ? text.GetString() ?? "" : "";
}
