using System.Diagnostics;
using Podflare.Telemetry;

namespace Podflare.Runs;

/// <summary>What is measured of a run.</summary>
internal static class RunMetrics
{
    public static readonly KeyValuePair<string, object?> Stdout = new("type", "stdout");
    public static readonly KeyValuePair<string, object?> Stderr = new("type", "stderr");
    private static readonly KeyValuePair<string, object?> Python = new("language", "python");
    private static readonly KeyValuePair<string, object?> Bash = new("language", "bash");

    /// <summary>A batch of events is in the log.</summary>
    /// <param name="before">The last event before it; 0 for none.</param>
    /// <param name="firstMs">Unix time in milliseconds at which the sandbox saw the first of them.</param>
    public static void Logged(RunEntry run, long before, long firstMs)
    {
        Instruments.Events.Add(run.Events!.LastSeq - before);
        if (before > 0 || run.Kind is RunKind.Background || !Instruments.FirstEvent.Enabled) return;
        var took = DateTimeOffset.FromUnixTimeMilliseconds(firstMs) - run.Events.Record.CreatedAt;
        Instruments.FirstEvent.Record(Math.Max(0, took.TotalSeconds), Language(run));
    }

    /// <summary>A run has its exit. Its span, if it is recorded, becomes the exemplar.</summary>
    /// <param name="template">The label of its template.</param>
    public static void Ended(RunEntry run, string template, Activity? span)
    {
        run.Leave();
        if (run.Kind is RunKind.Background || !Instruments.RunDuration.Enabled) return;
        var (record, ending) = (run.Events!.Record, run.Events.Record.Ending!);
        var before = Activity.Current;
        Activity.Current = span;
        var reason = new KeyValuePair<string, object?>("reason", ending.Reason?.ToString().ToLowerInvariant() ?? "none");
        var took = Math.Max(0, (ending.EndedAt - record.CreatedAt).TotalSeconds);
        Instruments.RunDuration.Record(took, Language(run), reason);
        RecordToolCall(run, ending, took);
        RecordUsage(run, template, ending);
        if (ending.StartedAt is { } started) Instruments.RunQueue.Record(Math.Max(0, (started - record.CreatedAt).TotalSeconds));
        Activity.Current = before;
    }

    // A watch waits for others; nobody calls it to have something done.
    private static void RecordToolCall(RunEntry run, RunEnding ending, double seconds)
    {
        if (run.Kind is not (RunKind.Code or RunKind.Process)) return;
        var failure = Spans.FailureOf(ending.Code, ending.Reason?.ToString().ToLowerInvariant());
        if (failure is null) Instruments.ToolDuration.Record(seconds, Spans.ToolLabels);
        else Instruments.ToolDuration.Record(seconds, Spans.ToolLabels[0], Spans.ToolLabels[1], new KeyValuePair<string, object?>(Spans.ErrorType, failure));
    }

    private static void RecordUsage(RunEntry run, string template, RunEnding ending)
    {
        if (ending.Usage is not { } usage) return;
        var label = new KeyValuePair<string, object?>("template", template);
        if (usage.CpuMicroseconds is { } cpu) Instruments.RunCpu.Record(cpu / 1e6, Language(run), label);
        if (usage.MemoryPeakBytes is { } peak) Instruments.RunMemory.Record(peak, Language(run), label);
    }

    private static KeyValuePair<string, object?> Language(RunEntry run) => run.Events!.Record.Language is RunLanguage.Bash ? Bash : Python;
}
