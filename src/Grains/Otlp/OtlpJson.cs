using System.Buffers;
using System.Globalization;
using System.Text.Json;

namespace Podflare.Otlp;

/// <summary>OTLP's JSON: ids are hex digits, numbers of 64 bits are strings, enums are numbers.</summary>
internal static class OtlpJson
{
    private const int MaxIdBytes = 16;

    public static byte[] Write(OtlpMessage message)
    {
        var buffer = new ArrayBufferWriter<byte>();
        using (var json = new Utf8JsonWriter(buffer)) Write(json, message);
        return buffer.WrittenSpan.ToArray();
    }

    private static void Write(Utf8JsonWriter json, OtlpMessage message)
    {
        json.WriteStartObject();
        foreach (ref readonly var value in message.Values)
        {
            if (value.Field is not { } field) continue;
            json.WritePropertyName(field.JsonName);
            if (!field.IsRepeated) WriteValue(json, field.Kind, value.Bits, value.Content);
            else WriteList(json, field, value.Content!);
        }

        json.WriteEndObject();
    }

    private static void WriteList(Utf8JsonWriter json, OtlpField field, object content)
    {
        json.WriteStartArray();
        if (content is List<OtlpMessage> messages)
        {
            foreach (var message in messages) Write(json, message);
        }
        else
        {
            foreach (var bits in (List<long>)content) WriteValue(json, field.Kind, bits, null);
        }

        json.WriteEndArray();
    }

    private static void WriteValue(Utf8JsonWriter json, OtlpKind kind, long bits, object? content)
    {
        switch (kind)
        {
            case OtlpKind.Text:
                json.WriteStringValue((byte[])content!);
                break;
            case OtlpKind.Bytes:
                json.WriteBase64StringValue((byte[])content!);
                break;
            case OtlpKind.TraceId or OtlpKind.SpanId:
                WriteHex(json, (byte[])content!);
                break;
            case OtlpKind.Message:
                Write(json, (OtlpMessage)content!);
                break;
            case OtlpKind.Bool:
                json.WriteBooleanValue(bits != 0);
                break;
            case OtlpKind.Double:
                WriteDouble(json, BitConverter.Int64BitsToDouble(bits));
                break;
            case OtlpKind.Int64 or OtlpKind.SFixed64:
                json.WriteStringValue(bits.ToString(CultureInfo.InvariantCulture));
                break;
            case OtlpKind.UInt64 or OtlpKind.Fixed64:
                json.WriteStringValue(((ulong)bits).ToString(CultureInfo.InvariantCulture));
                break;
            default:
                json.WriteNumberValue(bits);
                break;
        }
    }

    private static void WriteHex(Utf8JsonWriter json, byte[] id)
    {
        Span<byte> hex = stackalloc byte[2 * MaxIdBytes];
        Convert.TryToHexStringLower(id, hex, out var written);
        json.WriteStringValue(hex[..written]);
    }

    private static void WriteDouble(Utf8JsonWriter json, double number)
    {
        if (double.IsFinite(number)) json.WriteNumberValue(number);
        else json.WriteStringValue(double.IsNaN(number) ? "NaN" : number > 0 ? "Infinity" : "-Infinity");
    }
}
