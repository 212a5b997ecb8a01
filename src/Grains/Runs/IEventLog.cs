using Podflare.Sandboxes;
using Podflare.Telemetry;

namespace Podflare.Runs;

/// <summary>
/// The run records and numbered events of sandboxes. Two implementations: Redis, and memory for the embedded process. One writer per
/// sandbox; an append is fenced, so that a writer which has been replaced learns it.
/// </summary>
/// <remarks>Every method throws <see cref="StorageUnavailableException"/> when the store does not answer.</remarks>
public interface IEventLog
{
    /// <summary>
    /// Rises whenever the store may have lost its newest writes, as it may by a restart: what was written under an earlier one is to be
    /// looked at.
    /// </summary>
    int Epoch { get; }

    /// <summary>Writes the run record if the run id is new; else tells what is there.</summary>
    Task<AcceptOutcome> AcceptAsync(SandboxId sandbox, RunRecord record, CancellationToken cancellationToken);

    /// <summary>Takes the record of a run that was never started away.</summary>
    /// <returns>False when the run has events or an exit: then it stays.</returns>
    Task<bool> WithdrawAsync(SandboxId sandbox, RunId run, CancellationToken cancellationToken);

    /// <summary>Adds a batch behind <see cref="LogAppend.Before"/>, or says why not. All or nothing.</summary>
    Task<AppendOutcome> AppendAsync(SandboxId sandbox, RunId run, LogAppend append, CancellationToken cancellationToken);

    /// <summary>The run's first and last entries; null when the log has none.</summary>
    Task<LogBounds?> FindBoundsAsync(SandboxId sandbox, RunId run, CancellationToken cancellationToken);

    /// <summary>
    /// The events after <paramref name="seq"/> as one batch of at least one event and of about <paramref name="maxBytes"/>, at most one
    /// entry more; null when the log has nothing newer. Its first event is later than <paramref name="seq"/> + 1 when the log was trimmed.
    /// </summary>
    Task<Streaming.EventBatch?> ReadAfterAsync(SandboxId sandbox, RunId run, long seq, int maxBytes, CancellationToken cancellationToken);

    /// <summary>The run's record; null when there is none (any more).</summary>
    Task<RunRecord?> FindRunAsync(SandboxId sandbox, RunId run, CancellationToken cancellationToken);

    /// <summary>The runs that have no exit yet.</summary>
    Task<IReadOnlyList<RunId>> ListOpenAsync(SandboxId sandbox, CancellationToken cancellationToken);

    /// <summary>The last 256 runs at most, oldest first.</summary>
    Task<IReadOnlyList<RunId>> ListRunsAsync(SandboxId sandbox, CancellationToken cancellationToken);

    /// <summary>The sandbox has ended: its list of runs goes in 24 h.</summary>
    Task ExpireAsync(SandboxId sandbox, CancellationToken cancellationToken);
}

/// <summary>What is stored of a run. Neither code nor env is.</summary>
/// <param name="Exit">The rendered <c>exit</c> line with its newline, once it is in the log; it outlives the events.</param>
/// <param name="LastSeq">The exit's <c>seq</c>.</param>
/// <param name="Trace">Its place in its trace.</param>
public sealed record RunRecord(
    RunId Id,
    string PayloadHash,
    RunLanguage Language,
    TimeSpan Timeout,
    OnDisconnect OnDisconnect,
    DateTimeOffset CreatedAt,
    string? Exit = null,
    long LastSeq = 0,
    RunEnding? Ending = null,
    RunTrace? Trace = null)
{
    public bool Ended => Exit is not null;
}

/// <summary>How a run ended, as its record tells.</summary>
public sealed record RunEnding(int Code, ExitReason? Reason, DateTimeOffset? StartedAt, DateTimeOffset EndedAt, bool ReplRestarted);

/// <param name="PayloadHash">The one that counts: of the first request with this run id.</param>
/// <param name="IsNew">This call wrote the record.</param>
/// <param name="Ended">The run has its exit.</param>
public readonly record struct AcceptOutcome(string PayloadHash, bool IsNew, bool Ended);

/// <summary>One batch on its way into the log.</summary>
/// <param name="Before">The last <c>seq</c> that we believe the log has; the fence.</param>
/// <param name="KeepFrom">Older events may go.</param>
/// <param name="Frame">The last guest frame that this batch covers.</param>
/// <param name="Ending">Set when the batch's last line is the run's <c>exit</c>: the record is closed with it.</param>
public sealed record LogAppend(long Before, long KeepFrom, Streaming.EventBatch Batch, ulong Frame, RunEnding? Ending);

/// <summary>What became of an append.</summary>
public enum AppendResult
{
    Done,

    /// <summary>The run has its exit: nothing may follow.</summary>
    Ended,

    /// <summary>The log's last entry is not the one that we believe in, or the run record is gone.</summary>
    Fenced,

    /// <summary>The log has lost events that we no longer hold (the store came back with older data): the run can only end <c>lost</c>.</summary>
    Behind,

    /// <summary>
    /// The batch does not follow the last event: another append came first, perhaps one that was given up and had succeeded after all.
    /// Nothing was written; render again what comes after <see cref="RunEvents.LastSeq"/> and <see cref="RunEvents.LastFrame"/>.
    /// </summary>
    Renumber,
}

/// <param name="At">With <see cref="AppendResult.Fenced"/>: the last <c>seq</c> that the log has, 0 for none.</param>
public readonly record struct AppendOutcome(AppendResult Result, long At = 0);

/// <param name="FirstSeq">Oldest event still held.</param>
/// <param name="LastSeq">Newest event.</param>
/// <param name="LastFrame">The guest frame up to which the log covers.</param>
/// <param name="Bytes">Rendered bytes between the two, at most; an upper bound is enough.</param>
/// <param name="LastEntry">The bytes of the last entry, to recognize our own after an append that timed out.</param>
public sealed record LogBounds(long FirstSeq, long LastSeq, ulong LastFrame, long Bytes, byte[] LastEntry);
