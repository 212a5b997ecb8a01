using System.Text;
using System.Text.Json;
using Podflare.Guests;

namespace Podflare.Runs;

/// <summary>Writes a change of a watched file. What is not well-formed becomes an overflow, after which a client lists the folder again.</summary>
internal static class FileChangeRenderer
{
    private static readonly UTF8Encoding Strict = new(encoderShouldEmitUTF8Identifier: false, throwOnInvalidBytes: true);

    public static void Write(EventBuffer buffer, ReadOnlySpan<byte> body, long time)
    {
        var change = Parse(body);
        buffer.Reserve(EventBuffer.LineOverhead);
        buffer.Add("{\"type\":\"file\",\"data\":{"u8);
        WritePath(buffer, "\"path\":"u8, "\"path_b64\":"u8, change?.Path ?? []);
        buffer.AddText(",\"change\":"u8, change?.Change ?? "overflow");
        if (change?.Kind is "file" or "directory" or "symlink" or "other") buffer.AddText(",\"kind\":"u8, change.Kind);
        if (change?.From is { } from) WritePath(buffer, ",\"from\":"u8, ",\"from_b64\":"u8, from);
        buffer.Reserve(EventBuffer.LineOverhead);
        buffer.Add("}"u8);
        buffer.AddPlace(time);
        buffer.EndLine();
    }

    private static FileChangePayload? Parse(ReadOnlySpan<byte> body)
    {
        try
        {
            var change = JsonSerializer.Deserialize(body, GuestJson.Default.FileChangePayload);
            return change is { Path: not null, Change: "create" or "modify" or "delete" or "rename" or "attributes" or "overflow" } ? change : null;
        }
        catch (Exception e) when (e is JsonException or InvalidOperationException)
        {
            return null;
        }
    }

    private static void WritePath(EventBuffer buffer, ReadOnlySpan<byte> key, ReadOnlySpan<byte> binaryKey, byte[] path)
    {
        var isText = IsText(path);
        buffer.Reserve(EventBuffer.LineOverhead);
        buffer.Add(isText ? key : binaryKey);
        if (isText) buffer.AddText(path);
        else buffer.AddBase64(path);
    }

    private static bool IsText(byte[] path)
    {
        try
        {
            Strict.GetCharCount(path);
            return true;
        }
        catch (DecoderFallbackException)
        {
            return false;
        }
    }
}
