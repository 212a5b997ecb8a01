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
            return ParseObject(line);
        }
        // InvalidOperationException: the text is not valid Unicode.
        catch (Exception e) when (e is JsonException or InvalidOperationException)
        {
            throw Malformed(e);
        }
    }

    private static EventLine ParseObject(ReadOnlySpan<byte> line)
    {
        var json = new Utf8JsonReader(line);
        string? type = null, text = null, reason = null, run = null;
        int? code = null;
        long? seq = null, ts = null;
        RunError? error = null;
        var stateLost = false;
        if (!json.Read() || json.TokenType is not JsonTokenType.StartObject) throw Malformed();
        while (json.Read() && json.TokenType is JsonTokenType.PropertyName)
        {
            if (json.ValueTextEquals("type"u8)) type = Text(ref json);
            else if (json.ValueTextEquals("data"u8)) (text, code) = TextOrNumber(ref json);
            else if (json.ValueTextEquals("seq"u8)) seq = Number(ref json);
            else if (json.ValueTextEquals("ts"u8)) ts = Number(ref json);
            else if (json.ValueTextEquals("reason"u8)) reason = Text(ref json);
            else if (json.ValueTextEquals("error"u8)) error = Error(ref json);
            else if (json.ValueTextEquals("state_lost"u8)) stateLost = IsTrue(ref json);
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
            _ => new ExitEvent { Seq = seq.Value, At = at, Code = code ?? throw Malformed(), Reason = reason is null ? null : WireEnumConverter<ExitReason>.Parse(reason), Error = error, StateLost = stateLost },
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

    private static bool IsTrue(ref Utf8JsonReader json)
    {
        json.Read();
        if (json.TokenType is JsonTokenType.True) return true;
        json.Skip();
        return false;
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
