using System.Text;
using Microsoft.Extensions.Options;
using Podflare.Harness;
using Podflare.Runs;
using Podflare.Sandboxes;

namespace Podflare.Stores;

/// <summary>
/// The event log of a cluster, which outlives its silos: the product's own <see cref="MemoryEventLog"/>, whose writes are recorded, so
/// that the log can go back in time or lose some of them. Inherits the faults that calls can be made to meet.
/// </summary>
public sealed class UnreliableEventLog(Clock clock, RunOptions options) : FaultPlan<LogOperation>(() => new StorageUnavailableException()), IDisposable
{
    private readonly Lock _lock = new();
    private readonly HashSet<RunId> _unreadable = [];
    private MemoryEventLog _log = new(Options.Create(options), clock);
    private List<LogWrite> _writes = [];
    private int _epoch;

    internal int Epoch => Volatile.Read(ref _epoch);

    /// <summary>Whether writes are recorded. A test that makes very many, and does not look at them, does without.</summary>
    public bool RecordsWrites { get; set; } = true;

    /// <summary>Appends that were done.</summary>
    public int Appends
    {
        get { lock (_lock) return _writes.Count(write => write.Operation is LogOperation.Append); }
    }

    /// <summary>Every call fails until the result is disposed. The epoch rises, as it does when the connection to Redis breaks.</summary>
    public Fault GoAway()
    {
        RaiseEpoch();
        return Fail();
    }

    /// <summary>Says that the newest writes may be lost, as the connection to Redis does when it breaks and when it is restored.</summary>
    public void RaiseEpoch() => Interlocked.Increment(ref _epoch);

    public LogSnapshot TakeSnapshot()
    {
        lock (_lock) return new LogSnapshot([.. _writes]);
    }

    /// <summary>The log goes back in time, and the epoch rises.</summary>
    public void RestoreSnapshot(LogSnapshot snapshot) => Rewrite(_ => snapshot.Writes);

    /// <summary>The log loses a run: its record and events. The epoch rises.</summary>
    public void LoseRun(SandboxId sandbox, RunId run) => Rewrite(writes => writes.Where(write => write.Sandbox != sandbox || write.Run != run));

    /// <summary>The log loses the newest batches of a run. The epoch rises.</summary>
    public void LoseLastBatches(SandboxId sandbox, RunId run, int count = 1) => Rewrite(writes =>
    {
        var lost = writes.Where(write => write.Sandbox == sandbox && write.Run == run && write.Operation is LogOperation.Append).TakeLast(count).ToHashSet();
        return writes.Where(write => !lost.Contains(write));
    });

    /// <summary>The run's record cannot be parsed, as after a rollback to a version that does not know its form.</summary>
    public void MakeUnreadable(RunId run)
    {
        lock (_lock) _unreadable.Add(run);
    }

    /// <summary>The truth about which runs have no exit.</summary>
    public async Task<IReadOnlyList<RunId>> OpenRunsAsync(SandboxId sandbox) => await _log.ListOpenAsync(sandbox, CancellationToken.None);

    /// <summary>The truth about all sandboxes: the runs without an exit.</summary>
    public async Task<IReadOnlyList<(SandboxId Sandbox, RunId Run)>> OpenRunsAsync()
    {
        SandboxId[] sandboxes;
        lock (_lock) sandboxes = [.. _writes.Select(write => write.Sandbox).Distinct()];
        List<(SandboxId, RunId)> open = [];
        foreach (var sandbox in sandboxes) open.AddRange((await OpenRunsAsync(sandbox)).Select(run => (sandbox, run)));
        return open;
    }

    /// <summary>The truth about one run; null when the log does not have it.</summary>
    public Task<RunRecord?> FindAsync(SandboxId sandbox, RunId run) => _log.FindRunAsync(sandbox, run, CancellationToken.None);

    /// <summary>The event lines that the log has of a run.</summary>
    public async Task<IReadOnlyList<string>> LinesAsync(SandboxId sandbox, RunId run)
    {
        List<string> lines = [];
        for (var seq = 0L; await _log.ReadAfterAsync(sandbox, run, seq, int.MaxValue / 2, CancellationToken.None) is { } batch; seq = batch.LastSeq)
            lines.AddRange(Encoding.UTF8.GetString(batch.Utf8).Split('\n', StringSplitOptions.RemoveEmptyEntries));
        return lines;
    }

    public void Dispose() => _log.Dispose();

    /// <summary>Forgets everything, for the next test. No run may be open.</summary>
    internal void Clear()
    {
        ClearFaults();
        lock (_lock)
        {
            _unreadable.Clear();
            _writes = [];
            _log.Dispose();
            _log = new MemoryEventLog(Options.Create(options), clock);
        }
    }

    internal Task<T> CallAsync<T>(
        LogOperation operation, SandboxId sandbox, RunId? run, Func<MemoryEventLog, Task<T>> call, bool writes, CancellationToken cancellationToken) => MeetAsync(
            operation,
            $"{sandbox}/{run}",
            () =>
            {
                lock (_lock)
                {
                    if (operation is LogOperation.FindRun && run is { } read && _unreadable.Contains(read)) throw new RecordUnreadableException(read.Value);
                    var answer = call(_log);
                    if (writes && RecordsWrites) _writes.Add(new LogWrite(operation, sandbox, run, log => call(log)));
                    return answer;
                }
            },
            cancellationToken);

    private void Rewrite(Func<IReadOnlyList<LogWrite>, IEnumerable<LogWrite>> keep)
    {
        lock (_lock)
        {
            _writes = [.. keep(_writes)];
            _log.Dispose();
            _log = new MemoryEventLog(Options.Create(options), clock);
            foreach (var write in _writes) write.Repeat(_log);
        }

        RaiseEpoch();
    }

    internal sealed record LogWrite(LogOperation Operation, SandboxId Sandbox, RunId? Run, Func<MemoryEventLog, Task> Repeat);
}

/// <summary>All writes up to one moment.</summary>
public sealed class LogSnapshot
{
    internal LogSnapshot(IReadOnlyList<UnreliableEventLog.LogWrite> writes) => Writes = writes;

    internal IReadOnlyList<UnreliableEventLog.LogWrite> Writes { get; }
}
