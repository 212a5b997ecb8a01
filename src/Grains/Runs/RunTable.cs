namespace Podflare.Runs;

/// <summary>
/// The runs that a sandbox grain has in memory: open ones, and ended ones for the moment in which readers still read them from memory.
/// Used on the grain's scheduler only.
/// </summary>
/// <param name="maxOpen">Open runs at most, of all kinds.</param>
/// <param name="maxWatches">Open runs of kind <see cref="RunKind.Watch"/> at most.</param>
/// <param name="maxWaiting">Readers that may wait at a time for a run that does not exist yet.</param>
/// <param name="maxEnded">Ended runs beyond which <see cref="IsOverfull"/>.</param>
/// <param name="maxEndedBytes">Bytes of events of ended runs beyond which <see cref="IsOverfull"/>.</param>
public sealed class RunTable(int maxOpen, int maxWatches, int maxWaiting, int maxEnded, long maxEndedBytes, TimeProvider time)
{
    private readonly Dictionary<RunId, RunEntry> _entries = [];
    private readonly Dictionary<RunId, Expectation> _expected = [];

    // Separate from the ended runs, of which a busy sandbox has thousands: each run begins and ends with a scan of the open ones.
    private readonly HashSet<RunEntry> _active = [];
    private readonly LinkedList<RunEntry> _ended = [];
    private long _endedBytes;
    private int _waiting;

    public bool IsEmpty => _entries.Count == 0;

    public IReadOnlyCollection<RunEntry> All => _entries.Values;

    /// <summary>Runs that have no exit yet, including those that are being accepted.</summary>
    public IEnumerable<RunEntry> Open => _active.Where(entry => !entry.Ended);

    public int OpenCount
    {
        get
        {
            var count = 0;
            foreach (var entry in _active)
                if (!entry.Ended) count++;
            return count;
        }
    }

    /// <summary>An open run keeps the sandbox from being idle.</summary>
    public bool KeepsAlive
    {
        get
        {
            foreach (var entry in _active)
                if (entry.KeepsAlive) return true;
            return false;
        }
    }

    /// <summary>The runs that <see cref="MarkEnded"/> has not been called for.</summary>
    public IReadOnlyCollection<RunEntry> Active => _active;

    /// <summary>There are more ended runs in memory, or more of their bytes, than the limits allow.</summary>
    public bool IsOverfull => _ended.Count > maxEnded || _endedBytes > maxEndedBytes;

    /// <summary>Runs that readers wait for. Zero when nobody waits.</summary>
    internal int ExpectedCount => _expected.Count;

    public RunEntry? Find(RunId run) => _entries.GetValueOrDefault(run);

    /// <summary>An open process by its id or tag.</summary>
    public RunId? FindProcess(ProcessSelector process)
    {
        foreach (var entry in _active)
        {
            if (entry is { Ended: false, Kind: RunKind.Process } && (process.Pid is { } pid ? entry.Process?.Pid == pid : entry.Events?.Record.Details?.Tag is { } tag && tag == process.Tag)) return entry.Id;
        }

        return null;
    }

    /// <summary>The ended runs that may be removed, oldest end first: those that ended at least <paramref name="age"/> ago, or exceed a limit.</summary>
    public IReadOnlyList<RunEntry> Due(TimeSpan age)
    {
        List<RunEntry> due = [];
        var (count, bytes) = (_ended.Count, _endedBytes);
        foreach (var entry in _ended)
        {
            if (time.GetElapsedTime(entry.EndedAt) < age && count <= maxEnded && bytes <= maxEndedBytes) break;
            due.Add(entry);
            count--;
            bytes -= entry.Events!.HeldBytes;
        }

        return due;
    }

    /// <summary>Adds a new run. No await may lie between <see cref="Find"/> and this call, because calls interleave.</summary>
    /// <exception cref="RunQueueFullException">Too many runs are open.</exception>
    public RunEntry Enter(RunId run, RunKind kind = RunKind.Code)
    {
        if (OpenCount >= maxOpen) throw new RunQueueFullException(maxOpen);
        if (kind is RunKind.Watch && Open.Count(entry => entry.Kind is RunKind.Watch) >= maxWatches) throw new RunQueueFullException(maxWatches);
        return Add(run, kind);
    }

    /// <summary>Adds a run that was accepted before this activation, when it was within the limit.</summary>
    public RunEntry Add(RunId run, RunKind kind = RunKind.Code)
    {
        var entry = new RunEntry(run, kind);
        _entries.Add(run, entry);
        _active.Add(entry);
        if (_expected.TryGetValue(run, out var expected)) expected.Entered.TrySetResult(entry);
        return entry;
    }

    /// <summary>The exit of this run is in the log. It stays in memory for its readers, behind those that ended before.</summary>
    public void MarkEnded(RunEntry entry)
    {
        if (!_active.Remove(entry)) return;
        entry.EndedAt = time.GetTimestamp();
        entry.IsMarkedEnded = true;
        entry.Place = _ended.AddLast(entry);
        _endedBytes += entry.Events!.HeldBytes;
    }

    public void Remove(RunEntry entry)
    {
        if (_entries.GetValueOrDefault(entry.Id) == entry) _entries.Remove(entry.Id);
        _active.Remove(entry);
        if (entry.Place is not { } place) return;
        _ended.Remove(place);
        _endedBytes -= entry.Events!.HeldBytes;
        entry.Place = null;
    }

    /// <summary>Waits until a run is added, because a subscription can arrive before the start of its run.</summary>
    /// <returns>Null when the run was not added within <paramref name="limit"/>, or when too many readers wait already.</returns>
    public async Task<RunEntry?> ExpectAsync(RunId run, TimeSpan limit, CancellationToken cancellationToken)
    {
        if (_entries.TryGetValue(run, out var known)) return known;
        if (_waiting >= maxWaiting) return null;
        if (!_expected.TryGetValue(run, out var expected)) _expected[run] = expected = new Expectation();
        expected.Waiters++;
        _waiting++;
        try
        {
            return await expected.Entered.Task.WaitAsync(limit, time, cancellationToken);
        }
        catch (TimeoutException)
        {
            return null;
        }
        finally
        {
            _waiting--;
            if (--expected.Waiters == 0 && _expected.GetValueOrDefault(run) == expected) _expected.Remove(run);
        }
    }

    /// <summary>A run that readers wait for. It is forgotten with the last of them.</summary>
    private sealed class Expectation
    {
        public TaskCompletionSource<RunEntry> Entered { get; } = new(TaskCreationOptions.RunContinuationsAsynchronously);

        public int Waiters { get; set; }
    }
}
