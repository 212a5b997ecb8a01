using Podflare.Harness;
using Podflare.Runs;
using Podflare.Sandboxes;
using Podflare.Streaming;
using Podflare.Tenants;

namespace Podflare.Stores;

/// <summary>A silo's connection to the event log.</summary>
internal sealed class SiloEventLog(UnreliableEventLog log, Power power) : IEventLog
{
    public int Epoch => log.Epoch;

    public Task<AcceptOutcome> AcceptAsync(SandboxId sandbox, RunRecord record, TenantId? tenant, CancellationToken cancellationToken) =>
        WriteAsync(LogOperation.Accept, sandbox, record.Id, it => it.AcceptAsync(sandbox, record, tenant, CancellationToken.None), cancellationToken);

    public Task<bool> WithdrawAsync(SandboxId sandbox, RunId run, CancellationToken cancellationToken) =>
        WriteAsync(LogOperation.Withdraw, sandbox, run, it => it.WithdrawAsync(sandbox, run, CancellationToken.None), cancellationToken);

    public Task<AppendOutcome> AppendAsync(SandboxId sandbox, RunId run, LogAppend append, CancellationToken cancellationToken) =>
        WriteAsync(LogOperation.Append, sandbox, run, it => it.AppendAsync(sandbox, run, append, CancellationToken.None), cancellationToken);

    public Task<LogBounds?> FindBoundsAsync(SandboxId sandbox, RunId run, CancellationToken cancellationToken) =>
        ReadAsync(LogOperation.FindBounds, sandbox, run, it => it.FindBoundsAsync(sandbox, run, CancellationToken.None), cancellationToken);

    public Task<LogEntry?> FindLastEntryAsync(SandboxId sandbox, RunId run, CancellationToken cancellationToken) =>
        ReadAsync(LogOperation.FindBounds, sandbox, run, it => it.FindLastEntryAsync(sandbox, run, CancellationToken.None), cancellationToken);

    public Task DiscardAsync(SandboxId sandbox, RunId run, CancellationToken cancellationToken) =>
        WriteAsync(LogOperation.Discard, sandbox, run, async it =>
        {
            await it.DiscardAsync(sandbox, run, CancellationToken.None);
            return true;
        }, cancellationToken);

    public Task<EventBatch?> ReadAfterAsync(SandboxId sandbox, RunId run, long seq, int maxBytes, CancellationToken cancellationToken) =>
        ReadAsync(LogOperation.Read, sandbox, run, it => it.ReadAfterAsync(sandbox, run, seq, maxBytes, CancellationToken.None), cancellationToken);

    public Task<RunRecord?> FindRunAsync(SandboxId sandbox, RunId run, CancellationToken cancellationToken) =>
        ReadAsync(LogOperation.FindRun, sandbox, run, it => it.FindRunAsync(sandbox, run, CancellationToken.None), cancellationToken);

    public Task<IReadOnlyList<RunId>> ListOpenAsync(SandboxId sandbox, CancellationToken cancellationToken) =>
        ReadAsync(LogOperation.ListOpen, sandbox, null, it => it.ListOpenAsync(sandbox, CancellationToken.None), cancellationToken);

    public Task<IReadOnlyList<RunId>> ListRunsAsync(SandboxId sandbox, CancellationToken cancellationToken) =>
        ReadAsync(LogOperation.ListRuns, sandbox, null, it => it.ListRunsAsync(sandbox, CancellationToken.None), cancellationToken);

    public Task<IReadOnlyDictionary<string, RunUsage>> ReadUsageAsync(SandboxId sandbox, CancellationToken cancellationToken) =>
        ReadAsync(LogOperation.ReadUsage, sandbox, null, it => it.ReadUsageAsync(sandbox, CancellationToken.None), cancellationToken);

    public Task<IReadOnlyList<RunId>> ListUnreportedAsync(SandboxId sandbox, CancellationToken cancellationToken) =>
        ReadAsync(LogOperation.ListUnreported, sandbox, null, it => it.ListUnreportedAsync(sandbox, CancellationToken.None), cancellationToken);

    public Task MarkReportedAsync(SandboxId sandbox, IReadOnlyList<RunId> runs, CancellationToken cancellationToken) =>
        WriteAsync(LogOperation.MarkReported, sandbox, null, async it =>
        {
            await it.MarkReportedAsync(sandbox, runs, CancellationToken.None);
            return true;
        }, cancellationToken);

    public Task<SpansOutcome> AddSpansAsync(SandboxId sandbox, RunId run, SpanBatch batch, CancellationToken cancellationToken) =>
        WriteAsync(LogOperation.AddSpans, sandbox, run, it => it.AddSpansAsync(sandbox, run, batch, CancellationToken.None), cancellationToken);

    public Task<KeptSpans> ReadSpansAsync(SandboxId sandbox, RunId run, CancellationToken cancellationToken) =>
        ReadAsync(LogOperation.ReadSpans, sandbox, run, it => it.ReadSpansAsync(sandbox, run, CancellationToken.None), cancellationToken);

    public Task ExpireAsync(SandboxId sandbox, bool deleted, CancellationToken cancellationToken) =>
        WriteAsync(LogOperation.Expire, sandbox, null, async it =>
        {
            await it.ExpireAsync(sandbox, deleted, CancellationToken.None);
            return true;
        }, cancellationToken);

    private Task<T> WriteAsync<T>(LogOperation operation, SandboxId sandbox, RunId? run, Func<MemoryEventLog, Task<T>> call, CancellationToken cancellationToken) =>
        CallAsync(operation, sandbox, run, call, writes: true, cancellationToken);

    private Task<T> ReadAsync<T>(LogOperation operation, SandboxId sandbox, RunId? run, Func<MemoryEventLog, Task<T>> call, CancellationToken cancellationToken) =>
        CallAsync(operation, sandbox, run, call, writes: false, cancellationToken);

    // Cancelling stops the wait alone, as with Redis: what has been sent may still be done.
    private Task<T> CallAsync<T>(
        LogOperation operation, SandboxId sandbox, RunId? run, Func<MemoryEventLog, Task<T>> call, bool writes, CancellationToken cancellationToken) =>
        power.CallAsync(() => log.CallAsync(operation, sandbox, run, call, writes, CancellationToken.None).WaitAsync(cancellationToken));
}
