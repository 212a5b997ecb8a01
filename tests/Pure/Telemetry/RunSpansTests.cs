using System.Collections.Immutable;
using System.Diagnostics;
using System.Text.Json;
using Microsoft.Extensions.Options;
using Podflare.Containers;
using Podflare.Otlp;
using Podflare.Runs;
using Podflare.Sandboxes;
using Podflare.Traces;

namespace Podflare.Telemetry;

public sealed class RunSpansTests : IDisposable
{
    private const string T = "4bf92f3577b34da6a3ce929d0e0e4736";
    private const string Upstream = $"00-{T}-00f067aa0ba902b7-01";
    private const string Server = $"00-{T}-1111111111111111-01";
    private const string Lost = $"00-{T}-2222222222222222-01";

    private static readonly DateTimeOffset Accepted = new(2026, 5, 1, 12, 0, 0, TimeSpan.Zero);
    private static readonly SandboxId Sandbox = SandboxId.New("00000001");

    private readonly ActivityListener _listener = new()
    {
        ShouldListenTo = static source => source.Name == Spans.SourceName,
        Sample = static (ref ActivityCreationOptions<ActivityContext> options) =>
            options.Parent.TraceFlags is ActivityTraceFlags.Recorded ? ActivitySamplingResult.AllDataAndRecorded : ActivitySamplingResult.PropagationData,
    };

    private readonly RunSpans _spans = new(Options.Create(new TemplateOptions()));
    private readonly RunSandbox _sandbox = new(Sandbox, "default", "default", "c");

    public RunSpansTests() => ActivitySource.AddActivityListener(_listener);

    [Fact]
    public void A_run_taken_over_goes_on_with_the_span_that_its_code_knows()
    {
        var run = new RunRecord(RunId.New(), "", RunLanguage.Python, TimeSpan.FromMinutes(5), OnDisconnect.Continue, Accepted, Trace: new RunTrace(Upstream, "a=1", null, Server, Lost));

        var span = _spans.Restore(_sandbox, run)!;

        Assert.Equal(Lost, span.Id);
        Assert.Equal((Server[36..52], Accepted.UtcDateTime, "a=1"), (span.ParentSpanId.ToHexString(), span.StartTimeUtc, span.TraceStateString));
        Assert.Equal(true, span.GetTagItem(Spans.Recovered));
        Assert.Null(Activity.Current);
    }

    [Fact]
    public void What_the_code_gets_as_its_parent_is_the_runs_span_only_where_that_is_recorded()
    {
        Assert.Equal(Lost, new RunTrace(Upstream, Span: Lost).ForCode);
        Assert.Equal(Upstream, new RunTrace(Upstream, Parent: Server).ForCode);
    }

    [Theory]
    [InlineData("00", false)]
    [InlineData("01", true)]
    public void A_runs_span_is_below_the_calls_and_recorded_as_the_caller_wants(string flags, bool recorded)
    {
        var upstream = Upstream[..53] + flags;
        var request = new RunRequest([1, 2, 3], RunLanguage.Bash, TimeSpan.FromMinutes(5), OnDisconnect.Continue, ImmutableSortedDictionary<string, string>.Empty) { Trace = new TraceBinding(upstream), Span = Server[..53] + flags };
        var trace = RunTrace.Of(request, new TraceBinding($"00-{new string('9', 32)}-{new string('9', 16)}-01"))!;

        using var span = _spans.Start(_sandbox, RunId.New(), request, trace)!;

        Assert.Equal((T, Server[36..52], recorded), (span.TraceId.ToHexString(), span.ParentSpanId.ToHexString(), span.Recorded));
        Assert.Equal(upstream, trace.ForCode);
        Assert.Null(Activity.Current);
    }

    [Fact]
    public void A_call_without_a_trace_is_linked_to_a_run_in_the_sandboxs_trace()
    {
        const string call = "00-99999999999999999999999999999999-8888888888888888-01";
        var request = new RunRequest([1], RunLanguage.Python, TimeSpan.FromMinutes(5), OnDisconnect.Continue, ImmutableSortedDictionary<string, string>.Empty) { Span = call };
        var trace = RunTrace.Of(request, new TraceBinding(Upstream))!;

        using var span = _spans.Start(_sandbox, RunId.New(), request, trace)!;

        Assert.Equal(Upstream[..35], $"00-{span.TraceId.ToHexString()}");
        Assert.Equal(call[3..35], Assert.Single(span.Links).Context.TraceId.ToHexString());
    }

    [Fact]
    public void A_span_that_is_another_ones_is_never_told()
    {
        var request = new RunRequest([1], RunLanguage.Python, TimeSpan.FromMinutes(5), OnDisconnect.Continue, ImmutableSortedDictionary<string, string>.Empty) { Trace = new TraceBinding(Upstream), Span = Server };
        var span = _spans.Start(_sandbox, RunId.New(), request, RunTrace.Of(request, null)!)!;

        RunSpans.Drop(span);

        Assert.False(span.Recorded);
    }

    // GET …/runs/{run}/trace derives them too: whoever has both must not see a span twice.
    [Fact]
    public async Task The_parts_of_a_run_are_exported_under_the_ids_that_its_trace_shows()
    {
        List<Activity> exported = [];
        _listener.ActivityStopped = exported.Add;
        var request = new RunRequest([1], RunLanguage.Python, TimeSpan.FromMinutes(5), OnDisconnect.Continue, ImmutableSortedDictionary<string, string>.Empty) { Trace = new TraceBinding(Upstream), Span = Server };
        var trace = RunTrace.Of(request, null)!;
        var id = RunId.New();
        var span = _spans.Start(_sandbox, id, request, trace)!;
        var (from, to) = (TimeProvider.System.GetUtcNow().AddSeconds(1), TimeProvider.System.GetUtcNow().AddSeconds(2));
        var ending = new RunEnding(0, null, from, to, false);
        var record = new RunRecord(id, "", RunLanguage.Python, TimeSpan.FromMinutes(5), OnDisconnect.Continue, Accepted, "{}\n", 1, ending, trace with { Span = span.Id });

        RunSpans.End(span, await EndedAsync(record));

        var shown = SpansOf(RunTraceView.Of(record, 1, null, new SandboxRecord { Tenant = "default" }.ToInfo(Sandbox), to));
        Assert.Equal(3, exported.Count);
        foreach (var part in exported)
        {
            var same = shown.Single(other => other.GetProperty("name").GetString() == part.OperationName);
            Assert.Equal((part.SpanId.ToHexString(), part.ParentSpanId.ToHexString(), part.TraceId.ToHexString()), (Text(same, "spanId"), Text(same, "parentSpanId"), Text(same, "traceId")));
        }
    }

    public void Dispose() => _listener.Dispose();

    private static async Task<RunEntry> EndedAsync(RunRecord record)
    {
        using var log = new MemoryEventLog(Options.Create(new RunOptions()), TimeProvider.System);
        var entry = new RunEntry(record.Id);
        entry.Open(await RunEvents.OpenAsync(log, Sandbox, record, isNew: true, new RunOptions(), TimeProvider.System, TestContext.Current.CancellationToken));
        return entry;
    }

    private static string? Text(JsonElement span, string name) => span.GetProperty(name).GetString();

    private static List<JsonElement> SpansOf(OtlpMessage trace) =>
        [.. JsonDocument.Parse(OtlpJson.Write(trace)).RootElement.GetProperty("resourceSpans")[0].GetProperty("scopeSpans")[0].GetProperty("spans").EnumerateArray()];

}
