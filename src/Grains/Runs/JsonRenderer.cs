using System.Buffers;
using System.Text.Json;

namespace Podflare.Runs;

/// <summary>Writes JSON that the program in a sandbox has made.</summary>
internal static class JsonRenderer
{
    private const int MaxDepth = 64;

    /// <summary>Writes JSON again, without white space and in ASCII.</summary>
    /// <returns>False when it is not JSON, is nested too deeply, or has text that is no Unicode. Some of it may be written.</returns>
    public static bool TryWrite(EventBuffer buffer, ReadOnlySpan<byte> json)
    {
        var reader = new Utf8JsonReader(json, new JsonReaderOptions { MaxDepth = MaxDepth });
        var text = ArrayPool<byte>.Shared.Rent(Math.Max(json.Length, 1));
        try
        {
            var needsComma = false;
            while (reader.Read())
            {
                var isEnd = reader.TokenType is JsonTokenType.EndArray or JsonTokenType.EndObject;
                buffer.Reserve(EventBuffer.LineOverhead + reader.ValueSpan.Length);
                if (needsComma && !isEnd) buffer.Add(","u8);
                needsComma = WriteToken(buffer, ref reader, text);
            }

            return true;
        }
        catch (Exception e) when (e is JsonException or InvalidOperationException)
        {
            return false;
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(text);
        }
    }

    /// <returns>Whether a comma belongs in front of the next token, unless that ends an object or a list.</returns>
    private static bool WriteToken(EventBuffer buffer, ref Utf8JsonReader reader, byte[] text)
    {
        switch (reader.TokenType)
        {
            case JsonTokenType.StartObject:
                buffer.Add("{"u8);
                return false;
            case JsonTokenType.StartArray:
                buffer.Add("["u8);
                return false;
            case JsonTokenType.EndObject:
                buffer.Add("}"u8);
                return true;
            case JsonTokenType.EndArray:
                buffer.Add("]"u8);
                return true;
            case JsonTokenType.PropertyName:
                buffer.AddText(text.AsSpan(0, reader.CopyString(text)));
                buffer.Add(":"u8);
                return false;
            case JsonTokenType.String:
                buffer.AddText(text.AsSpan(0, reader.CopyString(text)));
                return true;
            default:
                // A number, true, false or null.
                buffer.Add(reader.ValueSpan);
                return true;
        }
    }
}
