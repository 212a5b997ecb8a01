using System.Text.Json;

namespace Podflare;

/// <summary>What one line of a stream says.</summary>
/// <param name="Event">Null for a type that this version does not know.</param>
internal readonly record struct EventLine(SandboxEvent? Event, long Seq, string? RunId);

/// <summary>Parses event lines. Unknown fields are skipped; what is known must be as the API promises it.</summary>
internal static class EventParser
{
    // DateTimeOffset ends there.
    private const long MaxTs = 253_402_300_799_999;

    /// <exception cref="PodflareProtocolException">The line is no event.</exception>
    public static EventLine Parse(ReadOnlySpan<byte> line)
    {
        try
        {
            return ParseObject(line);
        }
        // The second is for text that is not valid Unicode.
        catch (Exception e) when (e is JsonException or InvalidOperationException)
        {
            throw Malformed(e);
        }
    }

    public static ExitReason? Reason(string? text) => text switch
    {
        null => null,
        "timeout" => ExitReason.Timeout,
        "interrupted" => ExitReason.Interrupted,
        "killed" => ExitReason.Killed,
        "expired" => ExitReason.Expired,
        "oom" => ExitReason.Oom,
        "crashed" => ExitReason.Crashed,
        "lost" => ExitReason.Lost,
        _ => ExitReason.Unknown,
    };

    private static EventLine ParseObject(ReadOnlySpan<byte> line)
    {
        var json = new Utf8JsonReader(line);
        string? type = null, text = null, reason = null, run = null;
        int? code = null;
        long? seq = null, ts = null;
        RunError? error = null;
        if (!json.Read() || json.TokenType is not JsonTokenType.StartObject) throw Malformed();
        while (json.Read() && json.TokenType is JsonTokenType.PropertyName)
        {
            if (json.ValueTextEquals("type"u8)) type = Text(ref json);
            else if (json.ValueTextEquals("data"u8)) (text, code) = TextOrNumber(ref json);
            else if (json.ValueTextEquals("seq"u8)) seq = Number(ref json);
            else if (json.ValueTextEquals("ts"u8)) ts = Number(ref json);
            else if (json.ValueTextEquals("reason"u8)) reason = Text(ref json);
            else if (json.ValueTextEquals("error"u8)) error = Error(ref json);
            else if (json.ValueTextEquals("run"u8)) run = Text(ref json);
            else json.Skip();
        }

        if (json.TokenType is not JsonTokenType.EndObject || json.Read()) throw Malformed();
        var known = type is "stdout" or "stderr" or "exit";
        if (!known) return new EventLine(null, seq ?? 0, run);
        if (seq is not >= 1 || ts is not (>= 0 and <= MaxTs)) throw Malformed();
        var at = DateTimeOffset.FromUnixTimeMilliseconds(ts.Value);
        SandboxEvent parsed = type switch
        {
            "stdout" => new StdoutEvent { Seq = seq.Value, At = at, Data = text ?? throw Malformed() },
            "stderr" => new StderrEvent { Seq = seq.Value, At = at, Data = text ?? throw Malformed() },
            _ => new ExitEvent { Seq = seq.Value, At = at, Code = code ?? throw Malformed(), Reason = Reason(reason), Error = error },
        };
        return new EventLine(parsed, seq.Value, run);
    }

    private static string? Text(ref Utf8JsonReader json)
    {
        json.Read();
        if (json.TokenType is JsonTokenType.String) return json.GetString();
        json.Skip();
        return null;
    }

    private static long? Number(ref Utf8JsonReader json)
    {
        json.Read();
        if (json.TokenType is JsonTokenType.Number) return json.TryGetInt64(out var number) ? number : null;
        json.Skip();
        return null;
    }

    private static (string? Text, int? Number) TextOrNumber(ref Utf8JsonReader json)
    {
        json.Read();
        if (json.TokenType is JsonTokenType.String) return (json.GetString(), null);
        if (json.TokenType is JsonTokenType.Number) return (null, json.TryGetInt32(out var number) ? number : null);
        json.Skip();
        return (null, null);
    }

    private static RunError? Error(ref Utf8JsonReader json)
    {
        json.Read();
        if (json.TokenType is not JsonTokenType.StartObject)
        {
            json.Skip();
            return null;
        }

        string? name = null, value = null, traceback = null;
        while (json.Read() && json.TokenType is JsonTokenType.PropertyName)
        {
            if (json.ValueTextEquals("name"u8)) name = Text(ref json);
            else if (json.ValueTextEquals("value"u8)) value = Text(ref json);
            else if (json.ValueTextEquals("traceback"u8)) traceback = Text(ref json);
            else json.Skip();
        }

        return new RunError { Name = name, Value = value, Traceback = traceback };
    }

    private static PodflareProtocolException Malformed(Exception? inner = null) => new("A line of the stream is not an event.", inner);
}
