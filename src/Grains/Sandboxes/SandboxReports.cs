using Microsoft.Extensions.Logging;
using Podflare.Audit;
using Podflare.Resilience;
using Podflare.Runs;

namespace Podflare.Sandboxes;

/// <summary>
/// Reports what happens to one sandbox: its beginning and its end to the audit log of its tenant, and to the tenant's feed also what happens to its runs. All of
/// it is in records and has ids of its own, so every activation may report it again.
/// </summary>
internal sealed class SandboxReports(SandboxRecords records, SandboxLogs logs, SandboxFeed feed, ILogger logger)
{
    public SandboxFeed Feed => feed;

    /// <param name="adopted">An earlier activation had the sandbox.</param>
    public void ReportCreated(bool adopted, CancellationToken closing)
    {
        feed.ReportCreated();
        if (adopted) Background.Run(logger, "events of an adopted sandbox", feed.ReportAgainAsync(closing));
        if (records.Info is { } info) Report(info, AuditAction.SandboxCreate, AuditAction.SandboxCreate, info.CreatedAt, records.Record.Origin);
    }

    /// <summary>A run has its exit.</summary>
    public void ReportRunEnded(RunEntry run)
    {
        feed.ReportEnded(run);
        if (records.Info is { } info && run.Events is { Record: { Kind: not RunKind.Background, Ending: not null } record } events) logs.Spans.Report(info, record, events.LastSeq, run.Content);
    }

    public void ReportEnded()
    {
        if (records.Info is not { EndedAt: { } at, EndReason: { } why } info) return;
        var origin = why is EndReason.Deleted ? records.EndOrigin : null;
        Report(info, why is EndReason.Deleted ? AuditAction.SandboxDelete : AuditAction.SandboxEnd, AuditAction.SandboxEnd, at, origin, why.ToString().ToLowerInvariant());
    }

    private void Report(SandboxInfo info, string action, string kind, DateTimeOffset at, AuditOrigin? origin, string? reason = null) => logs.Audit.Report(new AuditEntry(
        AuditEntry.IdOf(kind, info.Id.Value), at, info.Tenant, action, origin?.Actor ?? AuditActor.System, new AuditTarget("sandbox", info.Id.Value), origin?.Source,
        origin?.TraceId ?? info.Trace?.GetTraceId().ToString(), Reason: reason));
}
