using System.Collections.Frozen;
using System.Globalization;

namespace Podflare.Otlp;

/// <summary>The types and fields of OTLP, as opentelemetry-proto 1.5 defines them. This table is all that the codecs know.</summary>
internal static class OtlpSchema
{
    // A line is a type, with an exclamation mark where it is an item: number, name and kind of each field. A star: repeated. A plus: repeated, at
    // most OtlpLimits.MaxListed times. A bar: of the type's oneof. An exclamation mark: required.
    private const string Table = """
        TracesData 1 resourceSpans:ResourceSpans*
        ResourceSpans 1 resource:Resource 2 scopeSpans:ScopeSpans* 3 schemaUrl:Text
        ScopeSpans 1 scope:InstrumentationScope 2 spans:Span* 3 schemaUrl:Text
        Span! 1 traceId:TraceId! 2 spanId:SpanId! 3 traceState:Text 4 parentSpanId:SpanId 5 name:Text 6 kind:Enum 7 startTimeUnixNano:Fixed64 8 endTimeUnixNano:Fixed64 9 attributes:KeyValue+ 10 droppedAttributesCount:UInt32 11 events:Event+ 12 droppedEventsCount:UInt32 13 links:Link+ 14 droppedLinksCount:UInt32 15 status:Status 16 flags:Fixed32
        Event 1 timeUnixNano:Fixed64 2 name:Text 3 attributes:KeyValue+ 4 droppedAttributesCount:UInt32
        Link 1 traceId:TraceId! 2 spanId:SpanId! 3 traceState:Text 4 attributes:KeyValue+ 5 droppedAttributesCount:UInt32 6 flags:Fixed32
        Status 2 message:Text 3 code:Enum
        LogsData 1 resourceLogs:ResourceLogs*
        ResourceLogs 1 resource:Resource 2 scopeLogs:ScopeLogs* 3 schemaUrl:Text
        ScopeLogs 1 scope:InstrumentationScope 2 logRecords:LogRecord* 3 schemaUrl:Text
        LogRecord! 1 timeUnixNano:Fixed64 2 severityNumber:Enum 3 severityText:Text 5 body:AnyValue 6 attributes:KeyValue+ 7 droppedAttributesCount:UInt32 8 flags:Fixed32 9 traceId:TraceId 10 spanId:SpanId 11 observedTimeUnixNano:Fixed64 12 eventName:Text
        MetricsData 1 resourceMetrics:ResourceMetrics*
        ResourceMetrics 1 resource:Resource 2 scopeMetrics:ScopeMetrics* 3 schemaUrl:Text
        ScopeMetrics 1 scope:InstrumentationScope 2 metrics:Metric* 3 schemaUrl:Text
        Metric! 1 name:Text 2 description:Text 3 unit:Text 5 gauge:Gauge| 7 sum:Sum| 9 histogram:Histogram| 10 exponentialHistogram:ExponentialHistogram| 11 summary:Summary| 12 metadata:KeyValue+
        Gauge 1 dataPoints:NumberDataPoint*
        Sum 1 dataPoints:NumberDataPoint* 2 aggregationTemporality:Enum 3 isMonotonic:Bool
        Histogram 1 dataPoints:HistogramDataPoint* 2 aggregationTemporality:Enum
        ExponentialHistogram 1 dataPoints:ExponentialHistogramDataPoint* 2 aggregationTemporality:Enum
        Summary 1 dataPoints:SummaryDataPoint*
        NumberDataPoint 2 startTimeUnixNano:Fixed64 3 timeUnixNano:Fixed64 4 asDouble:Double| 5 exemplars:Exemplar+ 6 asInt:SFixed64| 7 attributes:KeyValue+ 8 flags:UInt32
        HistogramDataPoint 2 startTimeUnixNano:Fixed64 3 timeUnixNano:Fixed64 4 count:Fixed64 5 sum:Double 6 bucketCounts:Fixed64* 7 explicitBounds:Double* 8 exemplars:Exemplar+ 9 attributes:KeyValue+ 10 flags:UInt32 11 min:Double 12 max:Double
        ExponentialHistogramDataPoint 1 attributes:KeyValue+ 2 startTimeUnixNano:Fixed64 3 timeUnixNano:Fixed64 4 count:Fixed64 5 sum:Double 6 scale:SInt32 7 zeroCount:Fixed64 8 positive:Buckets 9 negative:Buckets 10 flags:UInt32 11 exemplars:Exemplar+ 12 min:Double 13 max:Double 14 zeroThreshold:Double
        Buckets 1 offset:SInt32 2 bucketCounts:UInt64*
        SummaryDataPoint 2 startTimeUnixNano:Fixed64 3 timeUnixNano:Fixed64 4 count:Fixed64 5 sum:Double 6 quantileValues:ValueAtQuantile+ 7 attributes:KeyValue+ 8 flags:UInt32
        ValueAtQuantile 1 quantile:Double 2 value:Double
        Exemplar 2 timeUnixNano:Fixed64 3 asDouble:Double| 4 spanId:SpanId 5 traceId:TraceId 6 asInt:SFixed64| 7 filteredAttributes:KeyValue+
        Resource 1 attributes:KeyValue+ 2 droppedAttributesCount:UInt32
        InstrumentationScope 1 name:Text 2 version:Text 3 attributes:KeyValue+ 4 droppedAttributesCount:UInt32
        KeyValue 1 key:Text 2 value:AnyValue
        AnyValue 1 stringValue:Text| 2 boolValue:Bool| 3 intValue:Int64| 4 doubleValue:Double| 5 arrayValue:ArrayValue| 6 kvlistValue:KeyValueList| 7 bytesValue:Bytes|
        ArrayValue 1 values:AnyValue*
        KeyValueList 1 values:KeyValue*
        """;

    private static readonly FrozenDictionary<string, OtlpType> Types = Table.Split('\n').Select(line => Parse(line.Split(' '))).ToFrozenDictionary(type => type.Name);

    /// <summary>The root of a body of traces.</summary>
    public static OtlpType Traces { get; } = Find("TracesData");

    /// <summary>The root of a body of logs.</summary>
    public static OtlpType Logs { get; } = Find("LogsData");

    /// <summary>The root of a body of metrics.</summary>
    public static OtlpType Metrics { get; } = Find("MetricsData");

    public static OtlpType Find(string name) => Types[name];

    private static OtlpType Parse(string[] words)
    {
        List<OtlpField> fields = [];
        var slots = 0;
        int? shared = null;
        foreach (var pair in words.Skip(1).Chunk(2))
        {
            var (name, kind) = pair[1].Split(':') is [var left, var right] ? (left, right.TrimEnd('*', '+', '|', '!')) : throw new FormatException(pair[1]);
            var slot = pair[1][^1] == '|' ? shared ??= slots++ : slots++;
            var mark = pair[1][^1];
            var isScalar = Enum.TryParse<OtlpKind>(kind, out var scalar);
            fields.Add(new OtlpField(
                int.Parse(pair[0], CultureInfo.InvariantCulture), name, isScalar ? scalar : OtlpKind.Message, isScalar ? null : kind, mark is '*' or '+', slot, mark == '!', mark == '+'));
        }

        return new OtlpType(words[0].TrimEnd('!'), [.. fields], slots, words[0].EndsWith('!'));
    }
}
