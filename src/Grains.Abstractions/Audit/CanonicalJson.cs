using System.Globalization;
using System.Text;
using System.Text.Json;

namespace Podflare.Audit;

/// <summary>
/// JSON in exactly one form, so that its hash can be computed again: keys in ordinal order, no whitespace, and only the escapes that JSON
/// requires. It equals Python's <c>json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False)</c> for the integers, texts,
/// lists and objects that an audit entry consists of.
/// </summary>
public static class CanonicalJson
{
    /// <param name="without">A key of the outermost object to leave out.</param>
    /// <exception cref="FormatException">The value has a number that is no 64-bit integer.</exception>
    public static string Write(JsonElement value, string? without = null)
    {
        var json = new StringBuilder();
        Append(json, value, without);
        return json.ToString();
    }

    public static string Write(long? value) => value?.ToString(CultureInfo.InvariantCulture) ?? "null";

    public static string Write(string? value) => value is null ? "null" : AppendText(new StringBuilder(), value).ToString();

    public static string Write(IEnumerable<string>? values) => values is null ? "null" : $"[{string.Join(',', values.Select(value => Write(value)))}]";

    private static void Append(StringBuilder json, JsonElement value, string? without)
    {
        switch (value.ValueKind)
        {
            case JsonValueKind.Object:
                json.Append('{');
                var first = true;
                foreach (var property in value.EnumerateObject().Where(property => property.Name != without).OrderBy(property => property.Name, StringComparer.Ordinal))
                {
                    if (!first) json.Append(',');
                    first = false;
                    AppendText(json, property.Name).Append(':');
                    Append(json, property.Value, without: null);
                }

                json.Append('}');
                break;
            case JsonValueKind.Array:
                json.Append('[');
                for (var i = 0; i < value.GetArrayLength(); i++)
                {
                    if (i > 0) json.Append(',');
                    Append(json, value[i], without: null);
                }

                json.Append(']');
                break;
            case JsonValueKind.String:
                AppendText(json, value.GetString()!);
                break;
            case JsonValueKind.Number:
                json.Append(value.TryGetInt64(out var number) ? number : throw new FormatException("The number is no 64-bit integer."));
                break;
            default:
                json.Append(value.ValueKind is JsonValueKind.True ? "true" : value.ValueKind is JsonValueKind.False ? "false" : "null");
                break;
        }
    }

    private static StringBuilder AppendText(StringBuilder json, string text)
    {
        json.Append('"');
        foreach (var c in text)
        {
            _ = c switch
            {
                '"' => json.Append("\\\""),
                '\\' => json.Append("\\\\"),
                '\n' => json.Append("\\n"),
                '\r' => json.Append("\\r"),
                '\t' => json.Append("\\t"),
                '\b' => json.Append("\\b"),
                '\f' => json.Append("\\f"),
                < ' ' => json.Append(CultureInfo.InvariantCulture, $"\\u{(int)c:x4}"),
                _ => json.Append(c),
            };
        }

        return json.Append('"');
    }
}
