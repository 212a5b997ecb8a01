using System.Text.Json;
using System.Text.Json.Serialization;

namespace Podflare;

/// <summary>Writes <c>true</c> or <c>"alone"</c>.</summary>
internal sealed class FreshInterpreterConverter : JsonConverter<FreshInterpreter>
{
    public override FreshInterpreter Read(ref Utf8JsonReader reader, Type typeToConvert, JsonSerializerOptions options) => throw new NotSupportedException();

    public override void Write(Utf8JsonWriter writer, FreshInterpreter value, JsonSerializerOptions options)
    {
        if (value is FreshInterpreter.Alone) writer.WriteStringValue("alone"u8);
        else writer.WriteBooleanValue(value is FreshInterpreter.Yes);
    }
}
