using System.Text.Json;

namespace Podflare.E2b.Interpreter;

/// <summary>Writes a result as clients of E2B know it: one member for each representation that they know, the others below <c>extra</c>.</summary>
internal static class ExecutionResult
{
    public static void Write(Utf8JsonWriter json, JsonElement result)
    {
        var isMain = result.TryGetProperty("main"u8, out var main) && main.ValueKind is JsonValueKind.True;
        json.WriteStartObject();
        json.WriteString("type"u8, "result"u8);
        json.WriteBoolean("is_main_result"u8, isMain);
        var extra = new List<JsonProperty>();
        var (text, hasJson) = ((string?)null, false);
        foreach (var part in result.GetProperty("data"u8).EnumerateObject())
        {
            if (part.NameEquals("text/plain"u8))
            {
                text = Unquote(part.Value.GetString()!);
                json.WriteString("text"u8, text);
            }
            else if (NameOf(part.Name) is { } name)
            {
                hasJson |= name == "json";
                json.WritePropertyName(name);
                part.Value.WriteTo(json);
            }
            else extra.Add(part);
        }

        if (!hasJson && PythonLiteral.ToJson(text) is { } value)
        {
            json.WritePropertyName("json"u8);
            json.WriteRawValue(value);
        }

        WriteExtra(json, extra);
        json.WriteEndObject();
    }

    private static void WriteExtra(Utf8JsonWriter json, List<JsonProperty> extra)
    {
        if (extra.Count == 0) return;
        json.WriteStartObject("extra"u8);
        foreach (var part in extra) part.WriteTo(json);
        json.WriteEndObject();
    }

    // The text of a string is its repr.
    private static string Unquote(string text) => text is ['\'', .., '\''] or ['"', .., '"'] ? text[1..^1] : text;

    private static string? NameOf(string mime) => mime switch
    {
        "text/html" => "html",
        "text/markdown" => "markdown",
        "image/svg+xml" => "svg",
        "image/png" => "png",
        "image/jpeg" => "jpeg",
        "application/pdf" => "pdf",
        "text/latex" => "latex",
        "application/json" => "json",
        "application/javascript" => "javascript",
        "application/vnd.podflare.columns+json" => "data",
        _ => null,
    };
}
