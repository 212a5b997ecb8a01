using System.Text.Json;
using Podflare.Runs;
using Podflare.Streaming;

namespace Podflare.GrainClient;

/// <summary>Parses rendered events.</summary>
internal static class EventLines
{
    /// <summary>The events of a batch. Types that a later cluster may add are skipped.</summary>
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
            "stdout" => new StdoutEvent(seq, at, data.GetString()!),
            "stderr" => new StderrEvent(seq, at, data.GetString()!),
            "exit" => new ExitEvent(seq, at, data.GetInt32(), ParseReason(root), ParseError(root)),
            _ => null,
        };
    }

    private static ExitReason? ParseReason(JsonElement exit) =>
        exit.TryGetProperty("reason"u8, out var reason) && Enum.TryParse<ExitReason>(reason.GetString(), ignoreCase: true, out var known) ? known : null;

    private static RunError? ParseError(JsonElement exit) =>
        exit.TryGetProperty("error"u8, out var error) ? new RunError(Text(error, "name"), Text(error, "value"), Text(error, "traceback")) : null;

    private static string Text(JsonElement error, string name) => error.TryGetProperty(name, out var text) ? text.GetString() ?? "" : "";
}
