using System.Text.Json;
using System.Text.Json.Serialization;

namespace Podflare.Guests;

/// <summary>Reads a list of texts as <see cref="LenientStringConverter"/> reads each of them.</summary>
internal sealed class LenientStringArrayConverter : JsonConverter<string[]>
{
    private static readonly LenientStringConverter Item = new();

    public override string[]? Read(ref Utf8JsonReader reader, Type typeToConvert, JsonSerializerOptions options)
    {
        if (reader.TokenType != JsonTokenType.StartArray) throw new JsonException();
        List<string> items = [];
        while (reader.Read() && reader.TokenType != JsonTokenType.EndArray) items.Add(Item.Read(ref reader, typeof(string), options)!);
        return [.. items];
    }

    public override void Write(Utf8JsonWriter writer, string[] value, JsonSerializerOptions options)
    {
        writer.WriteStartArray();
        foreach (var item in value) writer.WriteStringValue(item);
        writer.WriteEndArray();
    }
}
