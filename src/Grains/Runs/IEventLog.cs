using Podflare.Sandboxes;
using Podflare.Tenants;

namespace Podflare.Runs;

/// <summary>
/// The run records and numbered events of sandboxes. Two implementations: Redis, and memory for the embedded process. One writer per
/// sandbox; an append is fenced, so that a writer which has been replaced finds out.
/// </summary>
/// <remarks>
/// Every method throws <see cref="StorageUnavailableException"/> when the store does not answer, <see cref="StorageRejectedException"/> when it
/// refuses for a reason that does not pass, and <see cref="RecordUnreadableException"/> when what it holds of a run cannot be read.
/// </remarks>
public interface IEventLog
{
    /// <summary>
    /// Rises whenever the store may have lost its newest writes, as it may by a restart: what was written under an earlier epoch must be
    /// verified.
    /// </summary>
    int Epoch { get; }

    /// <summary>Writes the run record if the run id is new; otherwise reports what is there.</summary>
    /// <param name="tenant">The tenant whose budget a new run needs; null for a run that the log has lost, which no budget refuses.</param>
    /// <exception cref="LogBudgetExceededException">A budget is used up, and there are no events of ended runs that could make room.</exception>
    /// <exception cref="SandboxUnreachableException">The sandbox has ended: another activation has ended it.</exception>
    Task<AcceptOutcome> AcceptAsync(SandboxId sandbox, RunRecord record, TenantId? tenant, CancellationToken cancellationToken);

    /// <summary>Removes the record of a run that was never started.</summary>
    /// <returns>False when the run has events or an exit: then it stays.</returns>
    Task<bool> WithdrawAsync(SandboxId sandbox, RunId run, CancellationToken cancellationToken);

    /// <summary>Removes everything of a run, readable or not, so that it is neither open nor listed any more.</summary>
    Task DiscardAsync(SandboxId sandbox, RunId run, CancellationToken cancellationToken);

    /// <summary>Adds a batch behind <see cref="LogAppend.Before"/>, or reports why not. All or nothing.</summary>
    Task<AppendOutcome> AppendAsync(SandboxId sandbox, RunId run, LogAppend append, CancellationToken cancellationToken);

    /// <summary>The run's first and last events; null when the log has none. Reads no event.</summary>
    Task<LogBounds?> FindBoundsAsync(SandboxId sandbox, RunId run, CancellationToken cancellationToken);

    /// <summary>The newest entry, to recognize an append that timed out; null when the log has none.</summary>
    Task<LogEntry?> FindLastEntryAsync(SandboxId sandbox, RunId run, CancellationToken cancellationToken);

    /// <summary>
    /// The events after <paramref name="seq"/> as one batch of at least one event and of about <paramref name="maxBytes"/>, at most one
    /// entry more; null when the log has nothing newer. Its first event is later than <paramref name="seq"/> + 1 when the log was trimmed.
    /// </summary>
    Task<Streaming.EventBatch?> ReadAfterAsync(SandboxId sandbox, RunId run, long seq, int maxBytes, CancellationToken cancellationToken);

    /// <summary>The run's record; null when there is none (any more).</summary>
    Task<RunRecord?> FindRunAsync(SandboxId sandbox, RunId run, CancellationToken cancellationToken);

    /// <summary>The runs that have no exit yet, including those whose record cannot be read.</summary>
    Task<IReadOnlyList<RunId>> ListOpenAsync(SandboxId sandbox, CancellationToken cancellationToken);

    /// <summary>The last 256 runs at most, oldest first.</summary>
    Task<IReadOnlyList<RunId>> ListRunsAsync(SandboxId sandbox, CancellationToken cancellationToken);

    /// <summary>What the ended runs of the sandbox have used since it was created, per key that started them.</summary>
    Task<IReadOnlyDictionary<string, RunUsage>> ReadUsageAsync(SandboxId sandbox, CancellationToken cancellationToken);

    /// <summary>Ended runs of which nobody has said yet that the tenant's feed has their end; in the order of their ends. None where <see cref="RunOptions.ReportRuns"/> is false.</summary>
    Task<IReadOnlyList<RunId>> ListUnreportedAsync(SandboxId sandbox, CancellationToken cancellationToken);

    /// <summary>The tenant's feed has the ends of these runs.</summary>
    Task MarkReportedAsync(SandboxId sandbox, IReadOnlyList<RunId> runs, CancellationToken cancellationToken);

    /// <summary>
    /// Keeps spans that the run's programs have sent, as long as its events, up to <see cref="RunOptions.MaxTraceBytes"/>. A batch whose number is not
    /// above the last one of the run is known already.
    /// </summary>
    Task<SpansOutcome> AddSpansAsync(SandboxId sandbox, RunId run, SpanBatch batch, CancellationToken cancellationToken);

    /// <summary>The spans of a run, in the order in which they were kept.</summary>
    Task<KeptSpans> ReadSpansAsync(SandboxId sandbox, RunId run, CancellationToken cancellationToken);

    /// <summary>
    /// The sandbox has ended: everything of it expires, and later runs are refused. Safe to repeat.
    /// </summary>
    /// <param name="deleted">Its user deleted it: its events expire after <see cref="RunOptions.DeletedRetentionSeconds"/>.</param>
    Task ExpireAsync(SandboxId sandbox, bool deleted, CancellationToken cancellationToken);
}

/// <param name="PayloadHash">The one that counts: of the first request with this run id.</param>
/// <param name="IsNew">This call wrote the record.</param>
/// <param name="Ended">The run has its exit.</param>
public readonly record struct AcceptOutcome(string PayloadHash, bool IsNew, bool Ended);

/// <param name="FirstSeq">Oldest event still held.</param>
/// <param name="LastSeq">Newest event.</param>
/// <param name="LastFrame">The guest frame up to which the log covers.</param>
/// <param name="Bytes">Rendered bytes between the two.</param>
public sealed record LogBounds(long FirstSeq, long LastSeq, ulong LastFrame, long Bytes);

/// <param name="LastSeq">The <c>seq</c> of its last event.</param>
/// <param name="Utf8">Its lines.</param>
public sealed record LogEntry(long LastSeq, byte[] Utf8);
