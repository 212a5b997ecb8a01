using Podflare.Audit;

namespace Podflare.Sandboxes;

/// <summary>
/// Reports the beginning and the end of one sandbox to the audit log of its tenant. Both are in its records, and have ids of their own, so every
/// activation may report them again.
/// </summary>
internal sealed class SandboxAudit(SandboxRecords records, SandboxLogs logs)
{
    public void ReportCreated()
    {
        if (records.Info is { } info) Report(info, AuditAction.SandboxCreate, AuditAction.SandboxCreate, info.CreatedAt, records.Record.Origin);
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
