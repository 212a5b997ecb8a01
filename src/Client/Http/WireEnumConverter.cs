using System.Text.Json;
using System.Text.Json.Serialization;

namespace Podflare;

/// <summary>Reads and writes an enum as the API's lower-case word. A word that this version does not know becomes the default member, <c>Unknown</c>.</summary>
internal sealed class WireEnumConverter<T> : JsonConverter<T>
    where T : struct, Enum
{
    private static readonly Dictionary<string, T> Members = Enum.GetValues<T>().ToDictionary(value => value.ToString().ToLowerInvariant(), StringComparer.Ordinal);

    public static T Parse(string? text) => text is not null && Members.TryGetValue(text, out var value) ? value : default;

    public override T Read(ref Utf8JsonReader reader, Type typeToConvert, JsonSerializerOptions options)
    {
        if (reader.TokenType is JsonTokenType.String) return Parse(reader.GetString());
        reader.Skip();
        return default;
    }

    public override void Write(Utf8JsonWriter writer, T value, JsonSerializerOptions options) => writer.WriteStringValue(value.ToString().ToLowerInvariant());
}
