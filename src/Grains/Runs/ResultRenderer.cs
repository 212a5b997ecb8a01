using System.Buffers;
using Podflare.Guests;

namespace Podflare.Runs;

/// <summary>
/// Writes a result: <c>{mime: value}</c>. Text becomes text, bytes base64, and JSON a value of JSON, once it is known to be some. The interpreter
/// of the user has made it, so whatever is wrong with a representation leaves it out.
/// </summary>
internal static class ResultRenderer
{
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
                return JsonRenderer.TryWrite(buffer, part.Data);
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
