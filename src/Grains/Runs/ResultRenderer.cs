using System.Buffers;
using System.Text.Json;
using Podflare.Guests;

namespace Podflare.Runs;

/// <summary>
/// Writes a result: <c>{mime: value}</c>. Text becomes text, bytes base64, and JSON a value of JSON, once it is known to be some. The interpreter
/// of the user has made it, so whatever is wrong with a representation leaves it out.
/// </summary>
internal static class ResultRenderer
{
    private const int MaxDepth = 64;
    private const int MaxMime = 127;

    // RFC 6838, section 4.2.
    private static readonly SearchValues<byte> MimeCharacters = SearchValues.Create("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789!#$&-^_.+"u8);

    public static void Write(EventBuffer buffer, ReadOnlySpan<byte> body, long time)
    {
        buffer.Reserve(EventBuffer.LineOverhead);
        buffer.Add("{\"type\":\"result\",\"data\":{"u8);
        WriteData(buffer, body);
        buffer.Reserve(EventBuffer.LineOverhead);
        buffer.Add("}"u8);
        buffer.AddPlace(time);
        if (new ResultBody(body).IsMain) buffer.Add(",\"main\":true"u8);
        WriteOmitted(buffer, body);
        WriteTruncated(buffer, body);
        buffer.EndLine();
    }

    private static void WriteData(EventBuffer buffer, ReadOnlySpan<byte> body)
    {
        var parts = new ResultBody(body);
        var isFirst = true;
        for (var index = 0; parts.TryNext(out var part); index++)
        {
            if (part.Form is ResultForm.Omitted || !IsMime(part.Mime) || IsRepeated(body, part.Mime, index)) continue;
            var mark = buffer.Mark;
            WriteKey(buffer, part.Mime, isFirst);
            if (WriteValue(buffer, part)) isFirst = false;
            else buffer.Undo(mark);
        }
    }

    private static bool WriteValue(EventBuffer buffer, in ResultPart part)
    {
        switch (part.Form)
        {
            case ResultForm.Text or ResultForm.TruncatedText:
                buffer.AddText(part.Data);
                return true;
            case ResultForm.Bytes:
                buffer.AddBase64(part.Data);
                return true;
            case ResultForm.Json:
                return TryWriteJson(buffer, part.Data);
            default:
                return false;
        }
    }

    private static void WriteOmitted(EventBuffer buffer, ReadOnlySpan<byte> body)
    {
        var parts = new ResultBody(body);
        var isFirst = true;
        for (var index = 0; parts.TryNext(out var part); index++)
        {
            if (part.Form is not ResultForm.Omitted || !IsMime(part.Mime) || IsRepeated(body, part.Mime, index)) continue;
            buffer.Reserve(EventBuffer.LineOverhead);
            if (isFirst) buffer.Add(",\"omitted\":{"u8);
            WriteKey(buffer, part.Mime, isFirst);
            buffer.Reserve(EventBuffer.LineOverhead);
            buffer.Add(part.Size);
            isFirst = false;
        }

        buffer.Reserve(EventBuffer.LineOverhead);
        if (!isFirst) buffer.Add("}"u8);
    }

    private static void WriteTruncated(EventBuffer buffer, ReadOnlySpan<byte> body)
    {
        var parts = new ResultBody(body);
        var isFirst = true;
        for (var index = 0; parts.TryNext(out var part); index++)
        {
            if (part.Form is not ResultForm.TruncatedText || !IsMime(part.Mime) || IsRepeated(body, part.Mime, index)) continue;
            buffer.Reserve(EventBuffer.LineOverhead);
            buffer.Add(isFirst ? ",\"truncated\":["u8 : ","u8);
            buffer.AddText(part.Mime);
            isFirst = false;
        }

        buffer.Reserve(EventBuffer.LineOverhead);
        if (!isFirst) buffer.Add("]"u8);
    }

    private static void WriteKey(EventBuffer buffer, ReadOnlySpan<byte> mime, bool isFirst)
    {
        buffer.Reserve(EventBuffer.LineOverhead);
        if (!isFirst) buffer.Add(","u8);
        buffer.AddText(mime);
        buffer.Add(":"u8);
    }

    /// <summary>Writes JSON again, without white space and in ASCII.</summary>
    /// <returns>False when it is not JSON, is nested too deeply, or has text that is no Unicode. Some of it may be written.</returns>
    private static bool TryWriteJson(EventBuffer buffer, ReadOnlySpan<byte> json)
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

    private static bool IsMime(ReadOnlySpan<byte> mime)
    {
        if (mime.Length > MaxMime) return false;
        var slash = mime.IndexOf((byte)'/');
        return slash > 0 && slash < mime.Length - 1 && !mime[..slash].ContainsAnyExcept(MimeCharacters) && !mime[(slash + 1)..].ContainsAnyExcept(MimeCharacters);
    }

    /// <summary>A part before this one has the same type: the first counts.</summary>
    private static bool IsRepeated(ReadOnlySpan<byte> body, ReadOnlySpan<byte> mime, int index)
    {
        var parts = new ResultBody(body);
        for (var before = 0; before < index && parts.TryNext(out var part); before++)
            if (part.Mime.SequenceEqual(mime)) return true;
        return false;
    }
}
