using System.Buffers;
using System.Diagnostics;
using System.Text.Json;

namespace Podflare.Telemetry;

/// <summary>
/// What a log record is about. The ids are found in its text, whoever wrote it: Orleans names a grain by its key, an exception may name
/// one too, and no line about a sandbox must be without its trace.
/// </summary>
internal readonly record struct LogIds(string? Sandbox, string? Run, string? Tenant, string? Request, string? TraceId, string? SpanId, string? ParentSpanId, string? Flags)
{
    private const int Digits = 32;
    private const string AuditEntry = "Audit entry ";
    private const string EntryTrace = "\"trace_id\":\"";
    private static readonly SearchValues<char> LowerHex = SearchValues.Create("0123456789abcdef");

    /// <summary>The ids of a record that is being written now, on this thread.</summary>
    public static LogIds Of(SandboxTraces traces, string? message, string? exception)
    {
        var call = LogCall.Current;
        var sandbox = Find(message, "sbx_") ?? Find(exception, "sbx_") ?? call?.Sandbox;
        var run = Find(message, "run_") ?? Find(exception, "run_") ?? call?.Run;
        var noted = sandbox is null ? null : traces.FindSandbox(sandbox);
        var ids = new LogIds(sandbox, run, call?.Tenant ?? noted?.Tenant, call?.Request, null, null, null, null);

        // A run's own trace, else the caller's, else the sandbox's; what is about none of these is told by the current span.
        var trace = (run is null ? null : traces.FindRun(run)) ?? call?.Caller ?? noted?.Trace;
        var current = Activity.Current is { IdFormat: ActivityIdFormat.W3C } activity ? activity : null;
        if (trace is not null) return ids.In(trace, current);
        // The silo that writes an entry of the audit log may not know the sandbox, but the entry names its trace. No other line is searched for one:
        // callers choose parts of those texts.
        if (message?.StartsWith(AuditEntry, StringComparison.Ordinal) is true && Find(message, EntryTrace) is { } told) return ids with { TraceId = told[EntryTrace.Length..] };
        if (current is not null) return ids.In(current);
        return CallContext.Span is { Length: 55 } span ? ids.In(new TraceBinding(span), null) : ids;
    }

    public void Write(Utf8JsonWriter json)
    {
        if (TraceId is not null) json.WriteString("trace_id"u8, TraceId);
        if (SpanId is not null) json.WriteString("span_id"u8, SpanId);
        if (ParentSpanId is not null) json.WriteString("parent_span_id"u8, ParentSpanId);
        if (Flags is not null) json.WriteString("trace_flags"u8, Flags);
        if (Sandbox is not null) json.WriteString("sandbox_id"u8, Sandbox);
        if (Run is not null) json.WriteString("run_id"u8, Run);
        if (Tenant is not null) json.WriteString("tenant_id"u8, Tenant);
        if (Request is not null) json.WriteString("request_id"u8, Request);
    }

    private LogIds In(TraceBinding trace, Activity? current)
    {
        var isCurrent = current is not null && trace.GetTraceId().SequenceEqual(current.TraceId.ToHexString());
        return this with
        {
            TraceId = trace.GetTraceId().ToString(),
            // A sandbox whose create had no context belongs to that call's span itself.
            ParentSpanId = isCurrent && trace.GetSpanId().SequenceEqual(current!.SpanId.ToHexString()) ? null : trace.GetSpanId().ToString(),
            Flags = trace.TraceParent[53..],
            SpanId = isCurrent ? current!.SpanId.ToHexString() : null,
        };
    }

    private LogIds In(Activity current) => this with
    {
        TraceId = current.TraceId.ToHexString(),
        SpanId = current.SpanId.ToHexString(),
        ParentSpanId = current.ParentSpanId == default ? null : current.ParentSpanId.ToHexString(),
        Flags = current.Recorded ? "01" : "00",
    };

    /// <summary>The first id of this kind in a text.</summary>
    private static string? Find(string? text, string prefix)
    {
        for (var at = 0; text is not null && (at = text.IndexOf(prefix, at, StringComparison.Ordinal)) >= 0; at += prefix.Length)
        {
            var end = at + prefix.Length + Digits;
            if (end <= text.Length && text.AsSpan(at + prefix.Length, Digits).IndexOfAnyExcept(LowerHex) < 0) return text[at..end];
        }

        return null;
    }
}
