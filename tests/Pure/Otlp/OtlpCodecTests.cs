using System.Diagnostics;
using System.Text;
using CsCheck;

namespace Podflare.Otlp;

/// <summary>Both codecs: what was encoded is decoded again, and whatever somebody sends is decoded or refused in time.</summary>
public sealed class OtlpCodecTests
{
    private const int MostMilliseconds = 2_000;

    private static readonly OtlpType[] Roots = [OtlpSchema.Traces, OtlpSchema.Logs, OtlpSchema.Metrics];

    [Fact]
    public void What_was_encoded_is_decoded_again() => Gen.OneOfConst(Roots).SelectMany(root => Message(root, 5)).Sample(message =>
    {
        var protobuf = OtlpProtobufWriter.Write(message);
        var json = OtlpJson.Write(message);
        return protobuf.AsSpan().SequenceEqual(OtlpProtobufWriter.Write(OtlpProtobufReader.Read(message.Type, protobuf)!.Message))
            && json.AsSpan().SequenceEqual(OtlpJson.Write(OtlpProtobufReader.Read(message.Type, protobuf)!.Message))
            && protobuf.AsSpan().SequenceEqual(OtlpProtobufWriter.Write(OtlpJsonReader.Read(message.Type, json)!.Message));
    });

    [Fact]
    public void Any_bytes_give_a_value_or_nothing() => Gen.Select(Gen.OneOfConst(Roots), Gen.Byte.Array[0, 2_000]).Sample((root, bytes) =>
    {
        _ = OtlpProtobufReader.Read(root, bytes);
        _ = OtlpJsonReader.Read(root, bytes);
        return true;
    });

    // A byte of a valid body that has changed comes further than random bytes do.
    [Fact]
    public void A_damaged_body_gives_a_value_or_nothing() =>
        Gen.Select(Gen.OneOfConst(Roots).SelectMany(root => Message(root, 4)), Gen.Int[0, int.MaxValue], Gen.Byte, Gen.Bool).Sample((message, at, value, isJson) =>
        {
            var body = isJson ? OtlpJson.Write(message) : OtlpProtobufWriter.Write(message);
            if (body.Length > 0) body[at % body.Length] = value;
            _ = isJson ? OtlpJsonReader.Read(message.Type, body) : OtlpProtobufReader.Read(message.Type, body);
            return true;
        });

    [Fact]
    public void Hostile_bodies_are_refused_or_cut_in_time()
    {
        var nested = Encoding.UTF8.GetBytes(string.Concat(Enumerable.Repeat("{\"resourceSpans\":[", 3_000)));
        var empty = Enumerable.Repeat<byte[]>([0x0a, 0x00], 4_000_000).SelectMany(pair => pair).ToArray();
        var groups = Enumerable.Repeat((byte)0x0b, 1_000_000).ToArray();
        var invalid = Encoding.UTF8.GetBytes("{\"resourceSpans\":[{\"scopeSpans\":[{\"spans\":[" + string.Join(',', Enumerable.Repeat("{}", 500_000)) + "]}]}]}");
        var watch = Stopwatch.StartNew();

        Assert.Null(OtlpJsonReader.Read(OtlpSchema.Traces, nested));
        Assert.Null(OtlpProtobufReader.Read(OtlpSchema.Traces, empty));
        Assert.Null(OtlpProtobufReader.Read(OtlpSchema.Traces, groups));
        Assert.Null(OtlpProtobufReader.Read(OtlpSchema.Traces, [0x0a, 0xff, 0xff, 0xff, 0xff, 0x0f]));
        var cut = OtlpJsonReader.Read(OtlpSchema.Traces, invalid)!;

        Assert.Equal((0, 10_000, 490_000), (cut.Items, cut.Invalid, cut.OverLimit));
        Assert.InRange(watch.ElapsedMilliseconds, 0, MostMilliseconds);
    }

    [Theory]
    [InlineData("""{"traceId":"4bf92f3577b34da6a3ce929d0e0e4736","spanId":"00f067aa0ba902b7","kind":"SPAN_KIND_SERVER"}""")]
    [InlineData("""{"traceId":"4bf92f3577b34da6a3ce929d0e0e4736","spanId":"00f067aa0ba902"}""")]
    [InlineData("""{"traceId":"00000000000000000000000000000000","spanId":"00f067aa0ba902b7"}""")]
    [InlineData("""{"traceId":"S/kvNXezTaajzpKdDg5HNg==","spanId":"00f067aa0ba902b7"}""")]
    [InlineData("""{"traceId":"4bf92f3577b34da6a3ce929d0e0e4736","spanId":"00f067aa0ba902b7","startTimeUnixNano":"1.5"}""")]
    [InlineData("""{"traceId":"4bf92f3577b34da6a3ce929d0e0e4736","spanId":"00f067aa0ba902b7","attributes":{}}""")]
    [InlineData("""{"traceId":"4bf92f3577b34da6a3ce929d0e0e4736","spanId":"00f067aa0ba902b7","attributes":[1]}""")]
    [InlineData("3")]
    public void An_item_that_is_not_valid_is_dropped_alone(string span)
    {
        const string valid = """{"unknown":[{"a":[]}],"traceId":"4BF92F3577B34DA6A3CE929D0E0E4736","spanId":"00f067aa0ba902b7","parentSpanId":"","name":null,"kind":2,"endTimeUnixNano":5}""";

        var found = OtlpJsonReader.Read(OtlpSchema.Traces, Encoding.UTF8.GetBytes($$$"""{"resourceSpans":[{"scopeSpans":[{"spans":[{{{valid}}},{{{span}}},{{{valid}}}]}]}]}"""))!;

        Assert.Equal((2, 1, 0), (found.Items, found.Invalid, found.OverLimit));
        Assert.Contains("""[{"traceId":"4bf92f3577b34da6a3ce929d0e0e4736","spanId":"00f067aa0ba902b7","kind":2,"endTimeUnixNano":"5"},""", Encoding.UTF8.GetString(OtlpJson.Write(found.Message)), StringComparison.Ordinal);
    }

    [Fact]
    public void A_later_scalar_overrides_an_earlier_one_messages_are_merged_and_numbers_may_be_packed_or_not()
    {
        var status = OtlpProtobufReader.Read(OtlpSchema.Find("Status"), [0x18, 0x01, 0x18, 0x02])!.Message;
        var any = OtlpProtobufReader.Read(OtlpSchema.Find("KeyValue"), [0x12, 0x02, 0x18, 0x07, 0x12, 0x03, 0x0a, 0x01, 0x61])!.Message;
        var buckets = OtlpProtobufReader.Read(OtlpSchema.Find("Buckets"), [0x10, 0x05, 0x12, 0x02, 0x06, 0x07])!.Message;

        Assert.Equal("""{"code":2}""", Encoding.UTF8.GetString(OtlpJson.Write(status)));
        Assert.Equal("""{"value":{"stringValue":"a"}}""", Encoding.UTF8.GetString(OtlpJson.Write(any)));
        Assert.Equal("""{"bucketCounts":["5","6","7"]}""", Encoding.UTF8.GetString(OtlpJson.Write(buckets)));
    }

    private static Gen<OtlpMessage> Message(OtlpType type, int depth) =>
        Gen.Select(Gen.Int[0, int.MaxValue], Gen.Const(type)).SelectMany((seed, of) => Gen.Const(Build(of, new Random(seed), depth)));

    private static OtlpMessage Build(OtlpType type, Random random, int depth)
    {
        var message = new OtlpMessage(type);
        foreach (var field in type.Fields)
        {
            if (!field.IsRequired && random.Next(3) == 0 || field.Type is not null && depth == 0 && !type.IsItem) continue;
            for (var i = random.Next(field.IsRepeated ? 3 : 1); i >= 0; i--) Add(message, field, random, depth);
        }

        return message;
    }

    private static void Add(OtlpMessage message, OtlpField field, Random random, int depth)
    {
        if (field.Type is { } type)
        {
            var child = Build(type, random, depth - 1 < 0 ? 0 : depth - 1);
            if (field.IsRepeated) message.Add(field, child);
            else message.Set(new OtlpValue(field, 0, child));
        }
        else if (OtlpProtobuf.WireOf(field.Kind) == 2)
        {
            message.Set(new OtlpValue(field, 0, Content(field.Kind, random)));
        }
        else if (field.IsRepeated)
        {
            message.Add(field, Bits(field.Kind, random));
        }
        else
        {
            message.Set(new OtlpValue(field, Bits(field.Kind, random), null));
        }
    }

    private static byte[] Content(OtlpKind kind, Random random)
    {
        if (kind is OtlpKind.Text) return Encoding.UTF8.GetBytes(new string([.. Enumerable.Range(0, random.Next(6)).Select(_ => "aé\"\\\n☃\0 "[random.Next(8)])]));
        var bytes = new byte[kind is OtlpKind.TraceId ? 16 : 8];
        random.NextBytes(bytes);
        bytes[0] |= 1;
        return bytes;
    }

    private static long Bits(OtlpKind kind, Random random)
    {
        var wide = random.Next(4) switch { 0 => 0, 1 => long.MinValue, 2 => -1, _ => random.NextInt64() };
        return kind switch
        {
            OtlpKind.Bool => wide & 1,
            OtlpKind.Enum or OtlpKind.SInt32 => (int)wide,
            OtlpKind.UInt32 or OtlpKind.Fixed32 => (uint)wide,
            // The one bit pattern that JSON has for what is not a number.
            OtlpKind.Double => double.IsNaN(BitConverter.Int64BitsToDouble(wide)) ? BitConverter.DoubleToInt64Bits(double.NaN) : wide,
            _ => wide,
        };
    }
}
