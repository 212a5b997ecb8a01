using System.Diagnostics;
using OpenTelemetry;
using OpenTelemetry.Logs;

namespace Podflare.Telemetry;

/// <summary>Gives exported log records the same ids as the lines on the console have.</summary>
internal sealed class LogTraces(SandboxTraces traces) : BaseProcessor<LogRecord>
{
    public override void OnEnd(LogRecord data)
    {
        var ids = LogIds.Of(traces, data.FormattedMessage ?? data.Body, data.Exception?.ToString());
        if (ids.TraceId is { } trace) data.TraceId = ActivityTraceId.CreateFromString(trace);
        if ((ids.SpanId ?? ids.ParentSpanId) is { } span) data.SpanId = ActivitySpanId.CreateFromString(span);
        if (ids.Flags is { } flags) data.TraceFlags = (flags[1] & 1) != 0 ? ActivityTraceFlags.Recorded : ActivityTraceFlags.None;
        if (ids.Sandbox is null && ids.Run is null) return;
        var attributes = new List<KeyValuePair<string, object?>>(data.Attributes ?? []);
        if (ids.Sandbox is { } sandbox) attributes.Add(new(Spans.SandboxId, sandbox));
        if (ids.Run is { } run) attributes.Add(new(Spans.RunId, run));
        data.Attributes = attributes;
    }
}
