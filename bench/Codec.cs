using System.Diagnostics;
using System.Globalization;
using Podflare.Otlp;
using Podflare.Relay;
using Podflare.Sandboxes;

namespace Podflare.Bench;

/// <summary>What a worker does with the OTLP data of a sandbox: decode, mark and encode. It happens in memory, so it is measured in this process.</summary>
internal static class Codec
{
    private const int SpansPerBody = 500;
    private const int Rounds = 300;
    private const double LeastMegabytesPerSecond = 40;
    private const double MostAllocationPerByte = 6;

    public static void Measure(Table table)
    {
        var body = OtlpProtobufWriter.Write(Spans());
        var (sandbox, source) = (SandboxId.New("00000001"), new Podflare.Guests.TelemetrySource("acme", "default"));
        var took = new List<double>();
        var allocated = 0L;
        for (var round = 0; round < Rounds; round++)
        {
            var (began, before) = (Stopwatch.GetTimestamp(), GC.GetAllocatedBytesForCurrentThread());
            var decoded = OtlpProtobufReader.Read(OtlpSchema.Traces, body) ?? throw new InvalidOperationException("The spans were not decoded.");
            RelayStamp.Resources(decoded.Message, sandbox, source);
            if (OtlpProtobufWriter.Write(decoded.Message).Length < body.Length / 2) throw new InvalidOperationException("Spans are missing.");
            // The first half warms up.
            if (round < Rounds / 2) continue;
            took.Add(Stopwatch.GetElapsedTime(began).TotalSeconds);
            allocated += GC.GetAllocatedBytesForCurrentThread() - before;
        }

        table.AtLeast($"OTLP of a sandbox ({SpansPerBody} spans): decode, mark, encode, median", "in process", body.Length / new Sample(took).At(0.5) / 1e6, "MB/s", LeastMegabytesPerSecond);
        table.AtMost("the same: bytes allocated per byte of the body", "in process", (double)allocated / took.Count / body.Length, "bytes", MostAllocationPerByte);
    }

    private static OtlpMessage Spans()
    {
        var data = new OtlpMessage(OtlpSchema.Traces);
        var group = data.Add("resourceSpans");
        group.Set("resource", new OtlpMessage(OtlpSchema.Find("Resource")).With("service.name", "agent").With("telemetry.sdk.language", "python"));
        var scope = group.Add("scopeSpans");
        scope.Set("scope", new OtlpMessage(OtlpSchema.Find("InstrumentationScope")).Set("name", "agent.steps"));
        var random = new Random(1);
        for (var i = 0; i < SpansPerBody; i++)
        {
            var (trace, span) = (new byte[16], new byte[8]);
            random.NextBytes(trace);
            random.NextBytes(span);
            var start = 1_796_000_000_000_000_000L + i;
            var item = scope.Add("spans").Set("traceId", trace).Set("spanId", span).Set("parentSpanId", span).Set("name", "GET /documents/{id}").Set("kind", 3)
                .Set("startTimeUnixNano", start).Set("endTimeUnixNano", start + 1_000_000);
            for (var attribute = 0; attribute < 8; attribute++)
                item.With($"http.request.header.{attribute}", string.Create(CultureInfo.InvariantCulture, $"value {i} of attribute {attribute}, as long as most are"));
        }

        return data;
    }
}
