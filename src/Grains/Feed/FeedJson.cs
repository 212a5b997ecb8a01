using System.Text;
using System.Text.Json;

namespace Podflare.Feed;

/// <summary>Events as they are stored: JSON objects without their numbers.</summary>
internal static class FeedJson
{
    public static string Write(FeedEvent told)
    {
        using var buffer = new MemoryStream();
        using (var json = new Utf8JsonWriter(buffer))
        {
            json.WriteStartObject();
            json.WriteString("id", told.Id);
            json.WriteString("type", told.Type);
            json.WriteNumber("ts", told.At.ToUnixTimeMilliseconds());
            json.WriteString("sandbox_id", told.Sandbox.Value);
            json.WriteString("run_id", told.Run?.Value);
            json.WritePropertyName("data");
            json.WriteRawValue(told.Data);
            json.WriteEndObject();
        }

        return Encoding.UTF8.GetString(buffer.GetBuffer().AsSpan(0, (int)buffer.Length));
    }

    /// <exception cref="JsonException">The text is not an event.</exception>
    public static FeedEntry Read(long seq, string text)
    {
        using var json = JsonDocument.Parse(text);
        string Text(string name) => json.RootElement.TryGetProperty(name, out var value) && value.GetString() is { } found ? found : throw new JsonException($"An event has no {name}.");
        return new FeedEntry(seq, Text("id"), Text("type"), Text("sandbox_id"), text);
    }
}
