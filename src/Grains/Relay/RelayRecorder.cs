using Podflare.Guests;
using Podflare.Otlp;
using Podflare.Runs;
using Podflare.Sandboxes;
using Podflare.Traces;

namespace Podflare.Relay;

/// <summary>Tells which run each span and log record of a batch belongs to, and keeps spans with their runs.</summary>
/// <remarks>It is a function of the batch and of the runs' records, so a batch that comes again after a crash gives the same.</remarks>
internal sealed class RelayRecorder(IEventLog log)
{
    private const long NanosecondsPerMs = 1_000_000;

    /// <exception cref="StorageUnavailableException">The store does not answer. The batch may be given again.</exception>
    public async Task RecordSpansAsync(RelayInbox inbox, TelemetryBatch batch, OtlpMessage data, int dropped, CancellationToken cancellationToken)
    {
        var contexts = await FindRunsAsync(inbox, batch, cancellationToken).ConfigureAwait(false);
        Dictionary<RunId, (RunSpanGroups Top, RunSpanGroups Others)> groups = [];
        var unknown = 0;
        foreach (var resource in data.List("resourceSpans"))
        {
            foreach (var scope in resource.List("scopeSpans"))
            {
                foreach (var span in scope.List("spans"))
                {
                    if (RunOf(batch, span.Number("startTimeUnixNano")) is not { } run || !contexts.TryGetValue(run, out var context))
                    {
                        unknown++;
                        continue;
                    }

                    RelayStamp.Item(span, run);
                    RelayStamp.Top(span, context);
                    if (!groups.TryGetValue(run, out var group)) groups[run] = group = (new RunSpanGroups(), new RunSpanGroups());
                    (RelayStamp.IsTop(span, context) ? group.Top : group.Others).Add(resource, scope, span);
                }
            }
        }

        RelayMetrics.DropFromRecord("no_run", unknown);
        foreach (var (run, (top, others)) in groups)
        {
            await KeepAsync(inbox.Sandbox, run, batch, others, areTop: false, 0, cancellationToken).ConfigureAwait(false);
            await KeepAsync(inbox.Sandbox, run, batch, top, areTop: true, 0, cancellationToken).ConfigureAwait(false);
        }

        if (dropped > 0) await RecordDroppedAsync(inbox, batch, dropped, cancellationToken).ConfigureAwait(false);
    }

    /// <summary>Counts spans that were dropped with the run that executes now, which is most likely theirs.</summary>
    /// <inheritdoc cref="RecordSpansAsync"/>
    public async Task RecordDroppedAsync(RelayInbox inbox, TelemetryBatch batch, int dropped, CancellationToken cancellationToken)
    {
        if (dropped > 0 && batch.Runs is [.., var last])
            await AddAsync(inbox.Sandbox, last.Run, new SpanBatch(NumberOf(batch, part: 3), [], 0, AreTop: false, dropped), cancellationToken).ConfigureAwait(false);
    }

    /// <summary>Marks log records with their runs.</summary>
    public static void MarkLogs(TelemetryBatch batch, OtlpMessage data)
    {
        foreach (var record in data.List("resourceLogs").SelectMany(resource => resource.List("scopeLogs")).SelectMany(scope => scope.List("logRecords")))
        {
            var at = record.Number("timeUnixNano") is not 0 and var time ? time : record.Number("observedTimeUnixNano");
            if (RunOf(batch, at) is { } run) RelayStamp.Item(record, run);
        }
    }

    // What a thread ends late belongs to the run that began it. Nanoseconds are unsigned, but none of this age has the highest bit.
    private static RunId? RunOf(TelemetryBatch batch, long startNs)
    {
        for (var i = batch.Runs.Length - 1; i >= 0; i--)
            if (batch.Runs[i].StartMs <= startNs / NanosecondsPerMs) return batch.Runs[i].Run;
        return null;
    }

    private async Task<Dictionary<RunId, RunSpanContext>> FindRunsAsync(RelayInbox inbox, TelemetryBatch batch, CancellationToken cancellationToken)
    {
        Dictionary<RunId, RunSpanContext> found = [];
        foreach (var interval in batch.Runs)
        {
            if (!found.ContainsKey(interval.Run) && await inbox.Runs.FindAsync(log, inbox.Sandbox, interval.Run, cancellationToken).ConfigureAwait(false) is { } context)
                found[interval.Run] = context;
        }

        return found;
    }

    private async Task KeepAsync(SandboxId sandbox, RunId run, TelemetryBatch batch, RunSpanGroups spans, bool areTop, int dropped, CancellationToken cancellationToken)
    {
        if (spans.Spans == 0) return;
        await AddAsync(sandbox, run, new SpanBatch(NumberOf(batch, areTop ? 2 : 1), spans.Encode(), spans.Spans, areTop, dropped), cancellationToken).ConfigureAwait(false);
    }

    private async Task AddAsync(SandboxId sandbox, RunId run, SpanBatch spans, CancellationToken cancellationToken)
    {
        try
        {
            var outcome = await log.AddSpansAsync(sandbox, run, spans, cancellationToken).ConfigureAwait(false);
            if (outcome is SpansOutcome.NoRoom) RelayMetrics.DropFromRecord("limit", spans.Spans);
            if (outcome is SpansOutcome.NoRun) RelayMetrics.DropFromRecord("no_run", spans.Spans);
        }
        catch (Exception e) when (e is StorageRejectedException or RecordUnreadableException)
        {
            // That does not pass: what else comes with the batch is not to wait for it.
            RelayMetrics.DropFromRecord("rejected", spans.Spans);
        }
    }

    // A batch is kept in parts, each with a number of its own.
    private static long NumberOf(TelemetryBatch batch, int part) => (long)batch.Number * 4 + part;
}
