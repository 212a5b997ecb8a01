using System.Diagnostics;
using Podflare.Runs;
using Podflare.Telemetry;

namespace Podflare.Sandboxes;

public sealed partial class SandboxGrain
{
    /// <summary>The trace that this sandbox belongs to.</summary>
    private TraceBinding? Trace => _tombstone.Exists ? _tombstone.Value.Sandbox!.Trace : _record.Exists ? _record.Value.Trace : null;

    /// <summary>Where no caller is - timers, the pump, adoption, the end - the sandbox's own trace is the one of all calls that follow.</summary>
    private void RestoreTrace()
    {
        if (Trace is not { } trace) return;
        NoteTrace();
        Activity.Current = null;
        CallContext.Set(trace.TraceParent, trace);
    }

    private void NoteTrace() => traces.Note(_id, _tombstone.Exists ? _tombstone.Value.Sandbox!.Tenant.Value : _record.Value.Tenant, Trace);

    private void NoteTrace(RunRecord run)
    {
        if (run.Trace is { } trace && trace.TraceParent != Trace?.TraceParent) traces.Note(run.Id, trace.ToBinding());
    }

    private Activity? Describe(Activity? span) =>
        span?.SetTag(Spans.SandboxId, _id.Value).SetTag(Spans.TenantId, _record.Value.Tenant).SetTag(Spans.Template, _record.Value.Template);

    private static RunAccepted Accepted(RunEntry entry, bool joined, bool restarted)
    {
        var trace = entry.Events!.Record.Trace;
        return new RunAccepted(entry.Id, joined, restarted) { Trace = trace?.ToBinding(), TraceParent = trace?.ForCode };
    }

    private static void DropSpan(RunEntry run)
    {
        RunSpans.Drop(run.Span);
        run.Span = null;
    }
}
