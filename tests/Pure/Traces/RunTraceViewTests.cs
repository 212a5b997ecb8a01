using System.Text.Json;
using Podflare.Otlp;
using Podflare.Runs;
using Podflare.Sandboxes;

namespace Podflare.Traces;

/// <summary>Podflare's own spans of a run, as its record gives them.</summary>
public sealed class RunTraceViewTests
{
    private const string T = "4bf92f3577b34da6a3ce929d0e0e4736";

    private static readonly DateTimeOffset Accepted = new(2026, 5, 1, 12, 0, 0, TimeSpan.Zero);
    private static readonly SandboxInfo Sandbox = new SandboxRecord { Tenant = "acme", Template = "default", ContainerId = "c0ffee" }.ToInfo(SandboxId.New("00000001"));
    private static readonly RunRecord Run = new(RunId.New(), "", RunLanguage.Python, TimeSpan.FromMinutes(5), OnDisconnect.Continue, Accepted);
    private static readonly RunRecord Ended = Run with
    {
        Exit = "{}\n",
        LastSeq = 3,
        Ending = new RunEnding(124, ExitReason.Timeout, Accepted.AddMilliseconds(5), Accepted.AddMilliseconds(9), false),
    };

    [Fact]
    public void A_run_that_has_ended_has_its_queue_and_its_execution_below_it()
    {
        var spans = SpansOf(Ended with { Trace = new RunTrace($"00-{T}-00f067aa0ba902b7-01", "a=1", null, $"00-{T}-1111111111111111-01", $"00-{T}-2222222222222222-01") });

        Assert.Equal(["execute_tool run_code", "podflare.run.queue", "podflare.run.execute"], spans.Select(span => Text(span, "name")));
        Assert.Equal(["1777636800000000000", "1777636800000000000", "1777636800005000000"], spans.Select(span => Text(span, "startTimeUnixNano")));
        Assert.Equal(["1777636800009000000", "1777636800005000000", "1777636800009000000"], spans.Select(span => Text(span, "endTimeUnixNano")));
        Assert.All(spans, span => Assert.Equal(T, Text(span, "traceId")));
        Assert.Equal(("2222222222222222", "1111111111111111", "a=1"), (Text(spans[0], "spanId"), Text(spans[0], "parentSpanId"), Text(spans[0], "traceState")));
        Assert.All(spans[1..], span => Assert.Equal("2222222222222222", Text(span, "parentSpanId")));
        Assert.Equal(("124", "timeout", "timeout", 2), (Attribute(spans[0], "process.exit.code", "intValue"), Attribute(spans[0], "podflare.run.reason"), Attribute(spans[0], "error.type"), spans[0].GetProperty("status").GetProperty("code").GetInt32()));
        Assert.Equal(("acme", "default", "3"), (Attribute(spans[0], "podflare.tenant.id"), Attribute(spans[0], "podflare.sandbox.template"), Attribute(spans[0], "podflare.output.events", "intValue")));
        Assert.Null(Attribute(spans[0], "podflare.run.open", "boolValue"));
    }

    [Fact]
    public void A_run_that_waits_or_executes_ends_now_and_says_that_it_is_open()
    {
        var waiting = SpansOf(Run);
        var running = SpansOf(Run, Accepted.AddMilliseconds(5));

        Assert.Equal(["execute_tool run_code", "podflare.run.queue"], waiting.Select(span => Text(span, "name")));
        Assert.Equal(["execute_tool run_code", "podflare.run.queue", "podflare.run.execute"], running.Select(span => Text(span, "name")));
        Assert.Equal(["True", "True"], waiting.Select(span => Attribute(span, "podflare.run.open", "boolValue")));
        Assert.Equal(["True", null, "True"], running.Select(span => Attribute(span, "podflare.run.open", "boolValue")));
        Assert.Equal("1777636860000000000", Text(running[2], "endTimeUnixNano"));
    }

    [Fact]
    public void A_run_without_a_trace_or_a_recorded_span_has_the_same_ids_each_time()
    {
        Assert.Equal(SpansOf(Run).Select(Ids), SpansOf(Run).Select(Ids));
        Assert.Equal(4, SpansOf(Ended).Select(span => Text(span, "spanId")).Append(Text(SpansOf(Run with { Id = RunId.New() })[0], "spanId")).Distinct().Count());
        Assert.Matches("^[0-9a-f]{32}$", Text(SpansOf(Run)[0], "traceId"));
        Assert.Null(Text(SpansOf(Run)[0], "parentSpanId"));
    }

    [Theory]
    [InlineData(null, false, null)]
    [InlineData(null, true, "own")]
    [InlineData("01", false, "caller")]
    [InlineData("01", true, "own")]
    [InlineData("03", true, "own")]
    [InlineData("00", true, "caller")]
    [InlineData("02", true, "caller")]
    public void Code_gets_the_runs_own_span_as_its_parent_where_somebody_sees_it(string? flags, bool isShown, string? expected)
    {
        var run = Run with { Trace = flags is null ? null : new RunTrace($"00-{T}-00f067aa0ba902b7-{flags}") };
        var own = SpansOf(run)[0];
        var parent = RunSpanContext.ForCode(run, isShown);

        Assert.Equal(expected switch { "own" => $"00-{Text(own, "traceId")}-{Text(own, "spanId")}-01", "caller" => run.Trace!.TraceParent, _ => null }, parent);
        var exported = run with { Trace = new RunTrace($"00-{T}-00f067aa0ba902b7-01", Span: $"00-{T}-2222222222222222-01") };
        Assert.Equal(exported.Trace.Span, RunSpanContext.ForCode(exported, isShown));
    }

    [Fact]
    public void A_run_that_ended_in_the_queue_never_executed_and_no_time_runs_backwards()
    {
        var queued = SpansOf(Ended with { Ending = new RunEnding(130, ExitReason.Interrupted, null, Accepted.AddMilliseconds(9), false) });
        var early = SpansOf(Ended with { Ending = new RunEnding(0, null, Accepted.AddMilliseconds(-3), Accepted.AddMilliseconds(-1), false) });

        Assert.Equal("execute_tool run_code", Text(Assert.Single(queued), "name"));
        Assert.All(early, span => Assert.Equal(("1777636800000000000", "1777636800000000000"), (Text(span, "startTimeUnixNano"), Text(span, "endTimeUnixNano"))));
        Assert.False(early[0].TryGetProperty("status", out _));
    }

    private static JsonElement[] SpansOf(RunRecord run, DateTimeOffset? startedAt = null)
    {
        var root = JsonDocument.Parse(OtlpJson.Write(RunTraceView.Of(run, run.LastSeq, startedAt, Sandbox, Accepted.AddMinutes(1)))).RootElement;
        return [.. root.GetProperty("resourceSpans")[0].GetProperty("scopeSpans")[0].GetProperty("spans").EnumerateArray()];
    }

    private static (string?, string?) Ids(JsonElement span) => (Text(span, "traceId"), Text(span, "spanId"));

    private static string? Text(JsonElement span, string name) => span.TryGetProperty(name, out var value) ? value.GetString() : null;

    private static string? Attribute(JsonElement span, string key, string kind = "stringValue") => span.TryGetProperty("attributes", out var all)
        ? all.EnumerateArray().Where(attribute => Text(attribute, "key") == key).Select(attribute => attribute.GetProperty("value").GetProperty(kind).ToString()).SingleOrDefault()
        : null;
}
