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
            if (field.IsRepeated) WriteList(json, (List<OtlpMessage>)value.Content!);
            else WriteValue(json, value);
        }

        json.WriteEndObject();
    }

    private static void WriteList(Utf8JsonWriter json, List<OtlpMessage> messages)
    {
        json.WriteStartArray();
        foreach (var message in messages) Write(json, message);
        json.WriteEndArray();
    }

    private static void WriteValue(Utf8JsonWriter json, in OtlpValue value)
    {
        switch (value.Field!.Kind)
        {
            case OtlpKind.Text:
                json.WriteStringValue((byte[])value.Content!);
                break;
            case OtlpKind.Bytes:
                json.WriteBase64StringValue((byte[])value.Content!);
                break;
            case OtlpKind.TraceId or OtlpKind.SpanId:
                WriteHex(json, (byte[])value.Content!);
                break;
            case OtlpKind.Message:
                Write(json, (OtlpMessage)value.Content!);
                break;
            case OtlpKind.Bool:
                json.WriteBooleanValue(value.Bits != 0);
                break;
            case OtlpKind.Double:
                WriteDouble(json, BitConverter.Int64BitsToDouble(value.Bits));
                break;
            case OtlpKind.Int64 or OtlpKind.SFixed64:
                json.WriteStringValue(value.Bits.ToString(CultureInfo.InvariantCulture));
                break;
            case OtlpKind.UInt64 or OtlpKind.Fixed64:
                json.WriteStringValue(((ulong)value.Bits).ToString(CultureInfo.InvariantCulture));
                break;
            default:
                json.WriteNumberValue(value.Bits);
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
