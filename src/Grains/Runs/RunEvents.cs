using Podflare.Sandboxes;
using Podflare.Streaming;

namespace Podflare.Runs;

/// <summary>
/// The numbered events of one run: a bounded ring in front, the event log behind it, and the readers that are under way.
/// Log first: what a reader sees, the log holds. Used on its grain's scheduler only, so without locks.
/// </summary>
public sealed class RunEvents
{
    /// <summary>Opens the events of a run whose record has been accepted or found; reads the log's bounds unless the record is new.</summary>
    public static Task<RunEvents> OpenAsync(
        IEventLog log, SandboxId sandbox, RunRecord record, bool isNew, RunOptions options, TimeProvider time, CancellationToken cancellationToken) =>
        throw new NotImplementedException();

    /// <summary>The run's record; closed by the append of the exit.</summary>
    public RunRecord Record => throw new NotImplementedException();

    /// <summary>The newest event; 0 for none.</summary>
    public long LastSeq => throw new NotImplementedException();

    /// <summary>The oldest event that can still be read; null for none.</summary>
    public long? FirstSeq => throw new NotImplementedException();

    /// <summary>The last guest frame that the log covers: it and earlier ones are acknowledged and dropped.</summary>
    public ulong LastFrame => throw new NotImplementedException();

    /// <summary>The exit is in the log.</summary>
    public bool Ended => throw new NotImplementedException();

    /// <summary>Completes at the next append. Take it before reading, so that no append is missed.</summary>
    public Task Changed => throw new NotImplementedException();

    /// <summary>Since when nobody reads (from <see cref="OpenAsync"/> on while nobody ever did); null while somebody does.</summary>
    public DateTimeOffset? UnreadSince => throw new NotImplementedException();

    /// <summary>
    /// Appends to the log, then publishes. Waits while the log is over its limit and a reader that moves has not been sent the oldest
    /// entries, unless <paramref name="ending"/> is set or <paramref name="force"/> says so. Repeats with backoff while the store is away.
    /// </summary>
    /// <returns><see cref="AppendResult.Fenced"/>: another writer has replaced us.</returns>
    public Task<AppendResult> AppendAsync(EventBatch batch, ulong frame, RunEnding? ending, bool force, CancellationToken cancellationToken) =>
        throw new NotImplementedException();

    /// <summary>
    /// The events after <paramref name="seq"/>, from the ring or the log; null when there is nothing newer for now. Of an ended run,
    /// a reader at or behind its last event gets the exit again.
    /// </summary>
    /// <exception cref="EventsEvictedException">The next event is gone.</exception>
    public ValueTask<EventBatch?> ReadAfterAsync(long seq, int maxBytes, CancellationToken cancellationToken) => throw new NotImplementedException();
}
