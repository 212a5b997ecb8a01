using System.Text.Json;

namespace Podflare;

/// <summary>The fields of an event line. A field of an unexpected type counts as missing.</summary>
internal struct EventFields
{
    public string? Type;
    public string? Text;
    public long? Number;
    public JsonElement? Value;
    public long? Seq;
    public long? Ts;
    public string? Run;
    public string? From;
    public string? Encoding;
    public string? Reason;
    public RunError? Error;
    public string? Signal;
    public bool StateLost;
    public bool Main;
    public bool Password;
    public JsonElement? Omitted;
    public JsonElement? Truncated;

    /// <exception cref="JsonException">The line is not one JSON object.</exception>
    public static EventFields Read(ReadOnlySpan<byte> line)
    {
        var json = new Utf8JsonReader(line);
        var fields = default(EventFields);
        if (!json.Read() || json.TokenType is not JsonTokenType.StartObject) throw new JsonException("The line is not an object.");
        while (json.Read() && json.TokenType is JsonTokenType.PropertyName) fields.ReadField(ref json);
        if (json.TokenType is not JsonTokenType.EndObject || json.Read()) throw new JsonException("The line has more than one value.");
        return fields;
    }

    private void ReadField(ref Utf8JsonReader json)
    {
        if (json.ValueTextEquals("type"u8)) Type = ReadText(ref json);
        else if (json.ValueTextEquals("data"u8)) ReadData(ref json);
        else if (json.ValueTextEquals("seq"u8)) Seq = ReadNumber(ref json);
        else if (json.ValueTextEquals("ts"u8)) Ts = ReadNumber(ref json);
        else if (json.ValueTextEquals("run"u8)) Run = ReadText(ref json);
        else if (json.ValueTextEquals("from"u8)) From = ReadText(ref json);
        else if (json.ValueTextEquals("encoding"u8)) Encoding = ReadText(ref json);
        else if (json.ValueTextEquals("reason"u8)) Reason = ReadText(ref json);
        else if (json.ValueTextEquals("error"u8)) Error = ReadError(ref json);
        else if (json.ValueTextEquals("signal"u8)) Signal = ReadText(ref json);
        else if (json.ValueTextEquals("state_lost"u8)) StateLost = ReadTrue(ref json);
        else if (json.ValueTextEquals("main"u8)) Main = ReadTrue(ref json);
        else if (json.ValueTextEquals("password"u8)) Password = ReadTrue(ref json);
        else if (json.ValueTextEquals("omitted"u8)) Omitted = ReadElement(ref json);
        else if (json.ValueTextEquals("truncated"u8)) Truncated = ReadElement(ref json);
        else json.Skip();
    }

    private void ReadData(ref Utf8JsonReader json)
    {
        json.Read();
        if (json.TokenType is JsonTokenType.String) Text = json.GetString();
        else if (json.TokenType is JsonTokenType.Number) Number = json.TryGetInt64(out var number) ? number : null;
        else if (json.TokenType is JsonTokenType.StartObject) Value = JsonElement.ParseValue(ref json);
        else json.Skip();
    }

    private static string? ReadText(ref Utf8JsonReader json)
    {
        json.Read();
        if (json.TokenType is JsonTokenType.String) return json.GetString();
        json.Skip();
        return null;
    }

    private static bool ReadTrue(ref Utf8JsonReader json)
    {
        json.Read();
        if (json.TokenType is JsonTokenType.True) return true;
        json.Skip();
        return false;
    }

    private static long? ReadNumber(ref Utf8JsonReader json)
    {
        json.Read();
        if (json.TokenType is JsonTokenType.Number) return json.TryGetInt64(out var number) ? number : null;
        json.Skip();
        return null;
    }

    private static JsonElement ReadElement(ref Utf8JsonReader json)
    {
        json.Read();
        return JsonElement.ParseValue(ref json);
    }

    private static RunError? ReadError(ref Utf8JsonReader json)
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
            if (json.ValueTextEquals("name"u8)) name = ReadText(ref json);
            else if (json.ValueTextEquals("value"u8)) value = ReadText(ref json);
            else if (json.ValueTextEquals("traceback"u8)) traceback = ReadText(ref json);
            else json.Skip();
        }

        return new RunError { Name = name, Value = value, Traceback = traceback };
    }
}
