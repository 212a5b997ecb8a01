using System.Text;
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
        // InvalidOperationException: the text is not valid Unicode. FormatException: it is not valid base64.
        catch (Exception e) when (e is JsonException or InvalidOperationException or FormatException)
        {
            throw Malformed(e);
        }
    }

    private static SandboxEvent? ToEvent(EventFields fields)
    {
        if (fields.Type is not ("stdout" or "stderr" or "exit" or "start" or "pty" or "result" or "input_request" or "file" or "dropped" or "tool_request" or "tool_response")) return null;
        if (fields.Seq is not (>= 1 and var seq) || fields.Ts is not (>= 0 and <= MaxTs and var ts)) throw Malformed();
        var at = DateTimeOffset.FromUnixTimeMilliseconds(ts);
        switch (fields.Type)
        {
            case "stdout":
                var (text, bytes) = Output(fields);
                return new StdoutEvent { Seq = seq, At = at, Data = text, Bytes = bytes, FromRunId = fields.From };
            case "stderr":
                (text, bytes) = Output(fields);
                return new StderrEvent { Seq = seq, At = at, Data = text, Bytes = bytes, FromRunId = fields.From };
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
            case "start":
                return new StartEvent { Seq = seq, At = at, ProcessId = Int(fields.Number) };
            case "pty":
                return new TerminalEvent { Seq = seq, At = at, Data = Convert.FromBase64String(fields.Text ?? throw Malformed()) };
            case "result":
                return new ResultEvent { Seq = seq, At = at, Main = fields.Main, Data = Objects(fields.Value ?? throw Malformed()), Omitted = Sizes(fields.Omitted), Truncated = Texts(fields.Truncated) };
            case "input_request":
                return new InputRequestEvent { Seq = seq, At = at, Prompt = fields.Text ?? throw Malformed(), Password = fields.Password };
            case "tool_request":
                return ToolRequest(fields.Value ?? throw Malformed(), seq, at);
            case "tool_response":
                return ToolResponse(fields.Value ?? throw Malformed(), seq, at);
            case "file":
                return FileChanged(fields.Value ?? throw Malformed(), seq, at);
            default:
                return new DroppedEvent { Seq = seq, At = at, Bytes = fields.Number ?? throw Malformed() };
        }
    }

    private static (string Text, byte[]? Bytes) Output(EventFields fields)
    {
        var text = fields.Text ?? throw Malformed();
        if (fields.Encoding != "base64") return (text, null);
        var bytes = Convert.FromBase64String(text);
        return (Encoding.UTF8.GetString(bytes), bytes);
    }

    private static ToolRequestEvent ToolRequest(JsonElement data, long seq, DateTimeOffset at) => new()
    {
        Seq = seq,
        At = at,
        CallId = Text(data, "call_id") ?? throw Malformed(),
        Name = Text(data, "name") ?? "",
        Arguments = data.TryGetProperty("arguments", out var arguments) && arguments.ValueKind is JsonValueKind.Object ? arguments : null,
        TraceParent = Text(data, "traceparent"),
    };

    private static ToolResponseEvent ToolResponse(JsonElement data, long seq, DateTimeOffset at) => new()
    {
        Seq = seq,
        At = at,
        CallId = Text(data, "call_id") ?? throw Malformed(),
        Succeeded = data.TryGetProperty("ok", out var ok) && ok.ValueKind is JsonValueKind.True,
        Reason = Text(data, "reason"),
    };

    private static FileChangedEvent FileChanged(JsonElement data, long seq, DateTimeOffset at) => new()
    {
        Seq = seq,
        At = at,
        Path = Text(data, "path"),
        PathBytes = Text(data, "path_b64") is { } encoded ? Convert.FromBase64String(encoded) : null,
        Change = WireEnumConverter<FileChange>.Parse(Text(data, "change")),
        Kind = Text(data, "kind") is { } kind ? WireEnumConverter<SandboxFileType>.Parse(kind) : null,
        From = Text(data, "from"),
    };

    private static string? Text(JsonElement data, string name) => data.TryGetProperty(name, out var value) && value.ValueKind is JsonValueKind.String ? value.GetString() : null;

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
