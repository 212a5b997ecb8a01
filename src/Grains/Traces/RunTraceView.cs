using System.Globalization;
using Podflare.Otlp;
using Podflare.Processes;
using Podflare.Runs;
using Podflare.Sandboxes;
using Podflare.Telemetry;

namespace Podflare.Traces;

/// <summary>Podflare's own spans of a run, derived from its record. So they cost the run nothing, need no backend, and survive every crash.</summary>
/// <remarks>Their ids are those of the spans that <see cref="RunSpans"/> exports.</remarks>
internal static class RunTraceView
{
    private const int Internal = 1;
    private const int Error = 2;
    private const long NanosecondsPerTick = 100;
    private const string Open = "podflare.run.open";

    /// <summary>The run's trace as OTLP's <c>TracesData</c>.</summary>
    /// <param name="lastSeq">The run's newest event; 0 for none.</param>
    /// <param name="startedAt">When its code began to execute; null while that is not known.</param>
    /// <param name="now">The end of what has not ended.</param>
    public static OtlpMessage Of(RunRecord run, long lastSeq, DateTimeOffset? startedAt, SandboxInfo sandbox, DateTimeOffset now)
    {
        var data = new OtlpMessage(OtlpSchema.Traces);
        var group = data.Add("resourceSpans");
        group.Set("resource", Resource(sandbox));
        var scope = group.Add("scopeSpans");
        scope.Set("scope", new OtlpMessage(OtlpSchema.Find("InstrumentationScope")).Set("name", Spans.SourceName).Set("version", ProductVersion.Text));
        var ended = run.Ending?.EndedAt ?? now;
        var (trace, root) = RunSpanContext.Of(run);
        Describe(Span(scope, trace, root, ParentOf(run), run.Trace?.SpanName ?? Spans.Run, run.CreatedAt, ended), run, lastSeq, sandbox);
        var started = run.Ending is { } ending ? ending.StartedAt : startedAt;
        if (started is { } begin)
        {
            // The guest counts in milliseconds: what it saw may seem to have been before the moment of acceptance.
            if (begin < run.CreatedAt) begin = run.CreatedAt;
            Span(scope, trace, Convert.FromHexString(SpanIds.Of(Spans.RunQueue, run.Id)), root, Spans.RunQueue, run.CreatedAt, begin);
            MarkOpen(Span(scope, trace, Convert.FromHexString(SpanIds.Of(Spans.RunExecute, run.Id)), root, Spans.RunExecute, begin, ended), run);
        }
        else if (!run.Ended)
        {
            MarkOpen(Span(scope, trace, Convert.FromHexString(SpanIds.Of(Spans.RunQueue, run.Id)), root, Spans.RunQueue, run.CreatedAt, ended), run);
        }

        return data;
    }

    /// <summary>Adds spans of the run's programs.</summary>
    /// <param name="spans">As the log keeps them.</param>
    public static void Add(OtlpMessage trace, byte[] spans)
    {
        if (OtlpProtobufReader.Read(OtlpSchema.Traces, spans, isOwn: true) is not { } read) return;
        foreach (var group in read.Message.List("resourceSpans")) trace.Add("resourceSpans", group);
    }

    private static OtlpMessage Resource(SandboxInfo sandbox) => new OtlpMessage(OtlpSchema.Find("Resource"))
        .With("service.name", "podflare-silo")
        .With("service.version", ProductVersion.Text)
        .With(Spans.SandboxId, sandbox.Id.Value)
        .With(Spans.TenantId, sandbox.Tenant.Value)
        .With(Spans.Template, sandbox.Template);

    private static OtlpMessage Span(OtlpMessage scope, byte[] trace, byte[] id, byte[]? parent, string name, DateTimeOffset from, DateTimeOffset to)
    {
        var span = scope.Add("spans").Set("traceId", trace).Set("spanId", id).Set("name", name).Set("kind", Internal);
        if (parent is not null) span.Set("parentSpanId", parent);
        return span.Set("startTimeUnixNano", Nanoseconds(from)).Set("endTimeUnixNano", Nanoseconds(to < from ? from : to));
    }

    private static void Describe(OtlpMessage span, RunRecord run, long lastSeq, SandboxInfo sandbox)
    {
        foreach (var (key, value) in run.Trace?.SpanTags ?? Spans.ToolCall) span.With(key, (string)value!);
        span.With(Spans.SandboxId, sandbox.Id.Value).With(Spans.SessionId, sandbox.Id.Value).With(Spans.RunId, run.Id.Value).With(Spans.TenantId, sandbox.Tenant.Value);
        span.With(Spans.Template, sandbox.Template).With(Spans.Language, run.Language is RunLanguage.Bash ? "bash" : "python");
        if (run.Trace?.TraceState is { } state) span.Set("traceState", state);
        span.With(Spans.Events, lastSeq);
        MarkOpen(span, run);
        if (run.Ending is not { } ending) return;
        span.With(Spans.ExitCode, ending.Code);
        var reason = ending.Reason?.ToString().ToLower(CultureInfo.InvariantCulture);
        if (reason is not null) span.With(Spans.RunReason, reason);
        if (Spans.FailureOf(ending.Code, reason) is not { } failure) return;
        span.With(Spans.ErrorType, failure).Set("status", new OtlpMessage(OtlpSchema.Find("Status")).Set("code", Error));
    }

    private static void MarkOpen(OtlpMessage span, RunRecord run)
    {
        if (!run.Ended) span.With(Open, true);
    }

    private static byte[]? ParentOf(RunRecord run) => run.Trace is { } trace ? Convert.FromHexString((trace.Parent ?? trace.TraceParent).AsSpan(36, 16)) : null;

    private static long Nanoseconds(DateTimeOffset at) => (at - DateTimeOffset.UnixEpoch).Ticks * NanosecondsPerTick;
}
