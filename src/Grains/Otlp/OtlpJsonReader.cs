using System.Buffers.Text;
using System.Text.Json;

namespace Podflare.Otlp;

/// <summary>Decodes OTLP's JSON. Unknown fields are dropped; so is an item that is not valid, alone.</summary>
internal static class OtlpJsonReader
{
    // A message takes two levels at most: itself, and the list around it.
    private static readonly JsonReaderOptions Options = new() { MaxDepth = 2 * OtlpLimits.MaxDepth + 8 };

    /// <returns>Null when the body is not JSON, cannot be decoded, or is beyond a limit.</returns>
    public static OtlpDecoded? Read(OtlpType root, ReadOnlySpan<byte> body)
    {
        var decoding = new OtlpDecoding();
        var message = new OtlpMessage(root);
        var json = new Utf8JsonReader(body, Options);
        try
        {
            return json.Read() && json.TokenType is JsonTokenType.StartObject && TryRead(ref json, message, decoding, depth: 1, isInItem: false) && !json.Read() ? decoding.Finish(message) : null;
        }
        catch (Exception e) when (e is JsonException or InvalidOperationException)
        {
            // Thrown for what is not JSON, and for a text that is not Unicode.
            return null;
        }
    }

    private static bool TryRead(ref Utf8JsonReader json, OtlpMessage message, OtlpDecoding decoding, int depth, bool isInItem)
    {
        if (!decoding.TryEnter(isInItem, depth)) return false;
        while (json.Read() && json.TokenType is JsonTokenType.PropertyName)
        {
            var field = Find(ref json, message.Type);
            json.Read();
            if (field is null || json.TokenType is JsonTokenType.Null) json.Skip();
            else if (!(field.IsRepeated ? TryReadList(ref json, message, field, decoding, depth, isInItem) : TryReadField(ref json, message, field, decoding, depth, isInItem))) return false;
        }

        return OtlpDecoding.IsComplete(message);
    }

    private static OtlpField? Find(ref Utf8JsonReader json, OtlpType type)
    {
        foreach (var field in type.Fields)
            if (json.ValueTextEquals(field.JsonName.EncodedUtf8Bytes)) return field;
        return null;
    }

    private static bool TryReadField(ref Utf8JsonReader json, OtlpMessage message, OtlpField field, OtlpDecoding decoding, int depth, bool isInItem)
    {
        if (field.Type is { } type)
        {
            var child = new OtlpMessage(type);
            message.Set(new OtlpValue(field, 0, child));
            return json.TokenType is JsonTokenType.StartObject && TryRead(ref json, child, decoding, depth + 1, isInItem);
        }

        if (OtlpProtobuf.WireOf(field.Kind) == 2) return TryReadBytes(ref json, field.Kind, out var bytes) && OtlpDecoding.TrySet(message, field, bytes);
        if (!TryReadNumber(ref json, field.Kind, out var bits)) return false;
        message.Set(new OtlpValue(field, bits, null));
        return true;
    }

    private static bool TryReadList(ref Utf8JsonReader json, OtlpMessage message, OtlpField field, OtlpDecoding decoding, int depth, bool isInItem)
    {
        if (json.TokenType is not JsonTokenType.StartArray) return false;
        while (json.Read() && json.TokenType is not JsonTokenType.EndArray)
        {
            if (field.Type is not { } type)
            {
                if (!TryReadNumber(ref json, field.Kind, out var bits)) return false;
                message.Add(field, bits);
            }
            else if (!(type.IsItem ? TryReadItem(ref json, message, field, type, decoding, depth) : TryReadChild(ref json, message, field, type, decoding, depth, isInItem)))
            {
                return false;
            }
        }

        return true;
    }

    private static bool TryReadChild(ref Utf8JsonReader json, OtlpMessage message, OtlpField field, OtlpType type, OtlpDecoding decoding, int depth, bool isInItem)
    {
        if (json.TokenType is not JsonTokenType.StartObject || !decoding.HasRoom(field, message.Count(field))) return false;
        var child = new OtlpMessage(type);
        if (!TryRead(ref json, child, decoding, depth + 1, isInItem)) return false;
        message.Add(field, child);
        return true;
    }

    private static bool TryReadItem(ref Utf8JsonReader json, OtlpMessage message, OtlpField field, OtlpType type, OtlpDecoding decoding, int depth)
    {
        var begin = json;
        if (!decoding.WantsItem())
        {
            json.Skip();
            return true;
        }

        var item = new OtlpMessage(type);
        var isValid = json.TokenType is JsonTokenType.StartObject && TryRead(ref json, item, decoding, depth + 1, isInItem: true)
            && json.BytesConsumed - begin.BytesConsumed < OtlpLimits.MaxItemBytes;
        decoding.CountItem(isValid);
        if (isValid)
        {
            message.Add(field, item);
        }
        else
        {
            // Whatever it stopped at, the next item begins behind it.
            json = begin;
            json.Skip();
        }

        return true;
    }

    private static bool TryReadBytes(ref Utf8JsonReader json, OtlpKind kind, out byte[] bytes)
    {
        bytes = [];
        if (json.TokenType is not JsonTokenType.String) return false;
        if (kind is OtlpKind.Bytes) return json.TryGetBytesFromBase64(out bytes!);
        if (kind is OtlpKind.TraceId or OtlpKind.SpanId) return TryReadHex(ref json, out bytes);
        var buffer = new byte[json.ValueSpan.Length];
        bytes = buffer[..json.CopyString(buffer)];
        return true;
    }

    private static bool TryReadHex(ref Utf8JsonReader json, out byte[] bytes)
    {
        bytes = new byte[json.ValueSpan.Length / 2];
        return !json.ValueIsEscaped && json.ValueSpan.Length <= 64 && Convert.FromHexString(json.ValueSpan, bytes, out _, out _) is System.Buffers.OperationStatus.Done;
    }

    private static bool TryReadNumber(ref Utf8JsonReader json, OtlpKind kind, out long bits)
    {
        bits = 0;
        switch (kind)
        {
            case OtlpKind.Bool:
                bits = json.TokenType is JsonTokenType.True ? 1 : 0;
                return json.TokenType is JsonTokenType.True or JsonTokenType.False;
            case OtlpKind.Enum when json.TokenType is JsonTokenType.String:
                return false;
        }

        if (json.TokenType is not (JsonTokenType.String or JsonTokenType.Number) || json.ValueIsEscaped) return false;
        var text = json.ValueSpan;
        switch (kind)
        {
            case OtlpKind.Double:
                if (!TryParseDouble(text, json.TokenType is JsonTokenType.String, out var number)) return false;
                bits = BitConverter.DoubleToInt64Bits(number);
                return true;
            case OtlpKind.UInt64 or OtlpKind.Fixed64:
                var isUnsigned = Utf8Parser.TryParse(text, out ulong wide, out var used) && used == text.Length;
                bits = (long)wide;
                return isUnsigned;
            default:
                return Utf8Parser.TryParse(text, out bits, out var consumed) && consumed == text.Length && Fits(kind, bits);
        }
    }

    private static bool TryParseDouble(ReadOnlySpan<byte> text, bool isString, out double number)
    {
        number = !isString ? 0 : text.SequenceEqual("NaN"u8) ? double.NaN : text.SequenceEqual("Infinity"u8) ? double.PositiveInfinity : text.SequenceEqual("-Infinity"u8) ? double.NegativeInfinity : 0;
        return number != 0 || Utf8Parser.TryParse(text, out number, out var used) && used == text.Length && double.IsFinite(number);
    }

    private static bool Fits(OtlpKind kind, long bits) => kind switch
    {
        OtlpKind.Enum or OtlpKind.SInt32 => bits is >= int.MinValue and <= int.MaxValue,
        OtlpKind.UInt32 or OtlpKind.Fixed32 => bits is >= 0 and <= uint.MaxValue,
        _ => true,
    };
}
