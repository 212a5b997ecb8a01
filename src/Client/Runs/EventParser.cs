using System.Text.Json;

namespace Podflare;

/// <summary>One line of a stream.</summary>
/// <param name="Event">Null for an event type that this version does not know.</param>
internal readonly record struct EventLine(SandboxEvent? Event, long Seq, string? RunId);

/// <summary>Parses event lines. Unknown fields are skipped; known fields must have the types that the API defines.</summary>
internal static class EventParser
{
    // The maximum of DateTimeOffset.
    private const long MaxTs = 253_402_300_799_999;

    /// <exception cref="PodflareProtocolException">The line is not an event.</exception>
    public static EventLine Parse(ReadOnlySpan<byte> line)
    {
        try
        {
            var fields = EventFields.Read(line);
            return new EventLine(ToEvent(fields), fields.Seq ?? 0, fields.Run);
        }
        // InvalidOperationException: the text is not valid Unicode.
        catch (Exception e) when (e is JsonException or InvalidOperationException)
        {
            throw Malformed(e);
        }
    }

    private static SandboxEvent? ToEvent(EventFields fields)
    {
        if (fields.Type is not ("stdout" or "stderr" or "exit" or "result")) return null;
        if (fields.Seq is not (>= 1 and var seq) || fields.Ts is not (>= 0 and <= MaxTs and var ts)) throw Malformed();
        var at = DateTimeOffset.FromUnixTimeMilliseconds(ts);
        switch (fields.Type)
        {
            case "stdout":
                return new StdoutEvent { Seq = seq, At = at, Data = fields.Text ?? throw Malformed() };
            case "stderr":
                return new StderrEvent { Seq = seq, At = at, Data = fields.Text ?? throw Malformed() };
            case "exit":
                return new ExitEvent
                {
                    Seq = seq,
                    At = at,
                    Code = Int(fields.Number),
                    Reason = fields.Reason is null ? null : WireEnumConverter<ExitReason>.Parse(fields.Reason),
                    ReasonWord = fields.Reason,
                    Error = fields.Error,
                    Signal = fields.Signal,
                    StateLost = fields.StateLost,
                };
            default:
                return new ResultEvent { Seq = seq, At = at, Main = fields.Main, Data = Objects(fields.Value ?? throw Malformed()), Omitted = Sizes(fields.Omitted), Truncated = Texts(fields.Truncated) };
        }
    }

    private static Dictionary<string, JsonElement> Objects(JsonElement data) => data.EnumerateObject().DistinctBy(part => part.Name).ToDictionary(part => part.Name, part => part.Value, StringComparer.Ordinal);

    private static Dictionary<string, long> Sizes(JsonElement? data) => data is { ValueKind: JsonValueKind.Object } sizes
        ? sizes.EnumerateObject().Where(part => part.Value.ValueKind is JsonValueKind.Number).DistinctBy(part => part.Name).ToDictionary(part => part.Name, part => part.Value.TryGetInt64(out var size) ? size : 0, StringComparer.Ordinal)
        : [];

    private static string[] Texts(JsonElement? data) => data is { ValueKind: JsonValueKind.Array } list
        ? [.. list.EnumerateArray().Where(item => item.ValueKind is JsonValueKind.String).Select(item => item.GetString()!)]
        : [];

    private static int Int(long? number) => number is >= int.MinValue and <= int.MaxValue and var value ? (int)value : throw Malformed();

    private static PodflareProtocolException Malformed(Exception? inner = null) => new("A line of the stream is not an event.", inner);
}
