using System.Text;

namespace Podflare.Otlp;

/// <summary>OTLP's JSON, which is not protobuf's.</summary>
public sealed class OtlpJsonTests
{
    [Fact]
    public void Ids_are_hex_digits_and_numbers_of_64_bits_are_strings()
    {
        var span = new OtlpMessage(OtlpSchema.Find("Span"))
            .Set("traceId", [.. Enumerable.Range(0xf0, 16).Select(n => (byte)n)]).Set("spanId", [0, 1, 2, 3, 4, 5, 6, 7]).Set("name", "é\"").Set("kind", 3).Set("flags", 257)
            .Set("startTimeUnixNano", unchecked((long)ulong.MaxValue)).Set("droppedEventsCount", 0).Set("status", new OtlpMessage(OtlpSchema.Find("Status")).Set("code", 2));

        Assert.Equal(
            """{"traceId":"f0f1f2f3f4f5f6f7f8f9fafbfcfdfeff","spanId":"0001020304050607","name":"\u00E9\u0022","kind":3,"startTimeUnixNano":"18446744073709551615","droppedEventsCount":0,"status":{"code":2},"flags":257}""",
            Text(span));
    }

    [Fact]
    public void Values_of_every_kind()
    {
        var list = new OtlpMessage(OtlpSchema.Find("ArrayValue"));
        list.Add("values").Set("stringValue", "a");
        list.Add("values").Set("boolValue", 0);
        list.Add("values").Set("intValue", long.MinValue);
        list.Add("values").Set("bytesValue", [0xff, 0xfe]);
        foreach (var number in new[] { 0.5, double.NaN, double.PositiveInfinity, double.NegativeInfinity }) list.Add("values").Set("doubleValue", BitConverter.DoubleToInt64Bits(number));
        list.Add("values");
        var map = new OtlpMessage(OtlpSchema.Find("KeyValueList"));
        map.Add("values").Set("key", "k");

        Assert.Equal(
            """{"values":[{"stringValue":"a"},{"boolValue":false},{"intValue":"-9223372036854775808"},{"bytesValue":"//4="},{"doubleValue":0.5},{"doubleValue":"NaN"},{"doubleValue":"Infinity"},{"doubleValue":"-Infinity"},{}]}""",
            Text(list));
        Assert.Equal("""{"kvlistValue":{"values":[{"key":"k"}]}}""", Text(new OtlpMessage(OtlpSchema.Find("AnyValue")).Set("intValue", 1).Set("kvlistValue", map)));
    }

    private static string Text(OtlpMessage message) => Encoding.UTF8.GetString(OtlpJson.Write(message));
}
