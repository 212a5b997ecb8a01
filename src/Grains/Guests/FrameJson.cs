using System.Text.Json;
using System.Text.Json.Serialization.Metadata;

namespace Podflare.Guests;

/// <summary>Reads the JSON object in a frame's payload.</summary>
internal static class FrameJson
{
    /// <exception cref="GuestProtocolException">The payload is not such an object.</exception>
    public static T Read<T>(in Frame frame, JsonTypeInfo<T> type)
        where T : class
    {
        try
        {
            var reader = new Utf8JsonReader(frame.Payload);
            var value = JsonSerializer.Deserialize(ref reader, type);
            if (value is null || reader.Read()) throw new GuestProtocolException("JSON that is not one object");
            return value;
        }
        catch (Exception e) when (e is JsonException or InvalidOperationException)
        {
            throw new GuestProtocolException($"a {frame.Header.Type} with malformed JSON");
        }
    }
}
