namespace Podflare.Runs;

/// <summary>One batch on its way into the log.</summary>
/// <param name="Before">The last <c>seq</c> that the writer believes the log has; the fence.</param>
/// <param name="KeepFrom">Older events may leave the log.</param>
/// <param name="Frame">The last guest frame that this batch covers.</param>
/// <param name="Ending">Set when the batch's last line is the run's <c>exit</c>: the record is closed with it.</param>
/// <param name="Record">The open record that an ending closes. Without it, the store cannot keep a short run in its compact form.</param>
public sealed record LogAppend(
    long Before, long KeepFrom, Streaming.EventBatch Batch, ulong Frame, RunEnding? Ending, RunRecord? Record = null);

/// <summary>The result of an append.</summary>
public enum AppendResult
{
    Done,

    /// <summary>The run has its exit: nothing may follow.</summary>
    Ended,

    /// <summary>The log's last entry is not the one that the writer believes in, or the run record is gone.</summary>
    Fenced,

    /// <summary>
    /// The log has lost events that the writer no longer holds (the store came back with older data), or what it holds of the run cannot be
    /// read: the run can only end <c>lost</c>.
    /// </summary>
    Behind,

    /// <summary>
    /// The batch does not follow the last event: another append came first, perhaps one that was given up and had succeeded after all.
    /// Nothing was written; render again what comes after <see cref="RunEvents.LastSeq"/> and <see cref="RunEvents.LastFrame"/>.
    /// </summary>
    Renumber,
}

/// <param name="At">With <see cref="AppendResult.Fenced"/>: the last <c>seq</c> that the log has, 0 for none.</param>
/// <param name="OverBudget">The log of the sandbox is over its budget: the run should not grow any more.</param>
public readonly record struct AppendOutcome(AppendResult Result, long At = 0, bool OverBudget = false);
