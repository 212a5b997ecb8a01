using System.Collections.Frozen;
using System.Globalization;

namespace Podflare.Otlp;

/// <summary>The types and fields of OTLP, as opentelemetry-proto 1.5 defines them. This table is all that the codecs know.</summary>
internal static class OtlpSchema
{
    // A line is a type: number, name and kind of each field. A star: repeated. A bar: of the type's oneof.
    private const string Table = """
        TracesData 1 resourceSpans:ResourceSpans*
        ResourceSpans 1 resource:Resource 2 scopeSpans:ScopeSpans* 3 schemaUrl:Text
        ScopeSpans 1 scope:InstrumentationScope 2 spans:Span* 3 schemaUrl:Text
        Span 1 traceId:TraceId 2 spanId:SpanId 3 traceState:Text 4 parentSpanId:SpanId 5 name:Text 6 kind:Enum 7 startTimeUnixNano:Fixed64 8 endTimeUnixNano:Fixed64 9 attributes:KeyValue* 10 droppedAttributesCount:UInt32 11 events:Event* 12 droppedEventsCount:UInt32 13 links:Link* 14 droppedLinksCount:UInt32 15 status:Status 16 flags:Fixed32
        Event 1 timeUnixNano:Fixed64 2 name:Text 3 attributes:KeyValue* 4 droppedAttributesCount:UInt32
        Link 1 traceId:TraceId 2 spanId:SpanId 3 traceState:Text 4 attributes:KeyValue* 5 droppedAttributesCount:UInt32 6 flags:Fixed32
        Status 2 message:Text 3 code:Enum
        Resource 1 attributes:KeyValue* 2 droppedAttributesCount:UInt32
        InstrumentationScope 1 name:Text 2 version:Text 3 attributes:KeyValue* 4 droppedAttributesCount:UInt32
        KeyValue 1 key:Text 2 value:AnyValue
        AnyValue 1 stringValue:Text| 2 boolValue:Bool| 3 intValue:Int64| 4 doubleValue:Double| 5 arrayValue:ArrayValue| 6 kvlistValue:KeyValueList| 7 bytesValue:Bytes|
        ArrayValue 1 values:AnyValue*
        KeyValueList 1 values:KeyValue*
        """;

    private static readonly FrozenDictionary<string, OtlpType> Types = Table.Split('\n').Select(line => Parse(line.Split(' '))).ToFrozenDictionary(type => type.Name);

    /// <summary>The root of a body of traces.</summary>
    public static OtlpType Traces { get; } = Find("TracesData");

    public static OtlpType Find(string name) => Types[name];

    private static OtlpType Parse(string[] words)
    {
        List<OtlpField> fields = [];
        var slots = 0;
        int? shared = null;
        foreach (var pair in words.Skip(1).Chunk(2))
        {
            var (name, kind) = pair[1].Split(':') is [var left, var right] ? (left, right.TrimEnd('*', '|')) : throw new FormatException(pair[1]);
            var slot = pair[1].EndsWith('|') ? shared ??= slots++ : slots++;
            var isScalar = Enum.TryParse<OtlpKind>(kind, out var scalar);
            fields.Add(new OtlpField(
                int.Parse(pair[0], CultureInfo.InvariantCulture), name, isScalar ? scalar : OtlpKind.Message, isScalar ? null : kind, pair[1].EndsWith('*'), slot));
        }

        return new OtlpType(words[0], fields, slots);
    }
}
