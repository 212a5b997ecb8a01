using System.Text;
using Microsoft.Extensions.Options;
using Podflare.Sandboxes;
using Podflare.Streaming;
using Podflare.Tenants;

namespace Podflare.Runs;

/// <summary>
/// The event log of the embedded process: it keeps nothing over a restart, and is bounded per sandbox and in total. Over a limit the events of
/// ended runs go first, the oldest first; over the total one then the oldest ones of the longest open run. Safe for many grains at once.
/// </summary>
public sealed class MemoryEventLog : IEventLog, IDisposable
{
    private const int MaxListed = 256;

    // The longest run is looked for among all open ones, so a cut is worth at least this.
    private const long SmallestCut = 1024 * 1024;
    private const int ExpiredPerCall = 32;
    private const int EvictedPerAppend = 16;
    private const int EvictedPerAccept = 64;
    private const int RunCost = RedisScripts.RunCost;

    private static readonly TimeSpan SweepPeriod = TimeSpan.FromMinutes(1);

    private readonly Lock _lock = new();
    private readonly RunOptions _options;
    private readonly TimeProvider _time;
    private readonly ITimer _sweep;
    private readonly Dictionary<SandboxId, MemorySandbox> _sandboxes = [];
    private readonly HashSet<MemoryRun> _open = [];
    private readonly Queue<MemoryRun> _endedWithEvents = new();
    private readonly Queue<MemoryRun> _ended = new();
    private readonly Queue<(SandboxId Sandbox, DateTimeOffset EventsUntil)> _deleted = new();
    private int _runs;
    private long _bytes;

    public MemoryEventLog(IOptions<RunOptions> options, TimeProvider time)
    {
        (_options, _time) = (options.Value, time);
        _sweep = time.CreateTimer(_ => Sweep(), null, SweepPeriod, SweepPeriod);
    }

    /// <summary>It loses nothing as long as there is anybody to ask.</summary>
    public int Epoch => 0;

    public Task<AcceptOutcome> AcceptAsync(SandboxId sandbox, RunRecord record, TenantId? tenant, CancellationToken cancellationToken)
    {
        lock (_lock)
        {
            DropExpired(ExpiredPerCall);
            if (Find(sandbox, record.Id) is { } known)
                return Task.FromResult(new AcceptOutcome(known.Record.PayloadHash, IsNew: false, known.Record.Ended));

            if (_sandboxes.TryGetValue(sandbox, out var had))
            {
                if (had.ListUntil is not null) throw new SandboxUnreachableException();
                if (had.Runs.TryGetValue(record.Id, out var expired)) Remove(expired);
                if (tenant is not null) RequireBudget(had);
            }

            if (_runs >= _options.MaxMemoryLogRuns && _ended.TryDequeue(out var oldest)) Remove(oldest);
            if (_runs >= _options.MaxMemoryLogRuns) throw new StorageUnavailableException();

            if (!_sandboxes.TryGetValue(sandbox, out var runs)) _sandboxes[sandbox] = runs = new MemorySandbox();
            var run = new MemoryRun(sandbox, record with { Exit = null, LastSeq = 0, Ending = null });
            runs.Runs[record.Id] = run;
            runs.Listed.AddLast(record.Id);
            if (runs.Listed.Count > MaxListed) runs.Listed.RemoveFirst();
            runs.Bytes += RunCost;
            _open.Add(run);
            _runs++;
            return Task.FromResult(new AcceptOutcome(record.PayloadHash, IsNew: true, Ended: false));
        }
    }

    public Task<bool> WithdrawAsync(SandboxId sandbox, RunId run, CancellationToken cancellationToken)
    {
        lock (_lock)
        {
            if (Find(sandbox, run) is not { } found) return Task.FromResult(true);
            if (found.Last is not null || found.Record.Ended) return Task.FromResult(false);
            Remove(found);
            return Task.FromResult(true);
        }
    }

    public Task DiscardAsync(SandboxId sandbox, RunId run, CancellationToken cancellationToken)
    {
        lock (_lock)
        {
            if (Find(sandbox, run) is { } found) Remove(found);
            return Task.CompletedTask;
        }
    }

    public Task<AppendOutcome> AppendAsync(SandboxId sandbox, RunId run, LogAppend append, CancellationToken cancellationToken)
    {
        lock (_lock)
        {
            DropExpired(ExpiredPerCall);
            if (Find(sandbox, run) is not { } found) return Task.FromResult(new AppendOutcome(AppendResult.Fenced));
            if (found.Record.Ended) return Task.FromResult(new AppendOutcome(AppendResult.Ended));
            var at = found.Last?.Batch.LastSeq ?? 0;
            if (at != append.Before) return Task.FromResult(new AppendOutcome(AppendResult.Fenced, at));

            MakeRoom(append.Batch.Utf8.Length, isExit: append.Ending is not null);
            found.Add(append.Batch, append.Frame, append.Ending);
            Count(found, append.Batch.Utf8.Length);
            while (found.Entries.Count > 1 && found.Entries.Peek().Batch.LastSeq < append.KeepFrom) Count(found, -found.DropOldest());
            if (append.Ending is { } ending) End(found, ending);
            var owner = _sandboxes[sandbox];
            Evict(owner, _options.MaxSandboxLogBytes, EvictedPerAppend);
            return Task.FromResult(new AppendOutcome(AppendResult.Done, OverBudget: owner.Bytes > _options.MaxSandboxLogBytes));
        }
    }

    public Task<LogBounds?> FindBoundsAsync(SandboxId sandbox, RunId run, CancellationToken cancellationToken)
    {
        lock (_lock)
        {
            if (Find(sandbox, run) is not { Last: { } last } found) return Task.FromResult<LogBounds?>(null);
            return Task.FromResult<LogBounds?>(new LogBounds(found.Entries.Peek().Batch.FirstSeq, last.Batch.LastSeq, last.Frame, found.Bytes));
        }
    }

    public Task<LogEntry?> FindLastEntryAsync(SandboxId sandbox, RunId run, CancellationToken cancellationToken)
    {
        lock (_lock) return Task.FromResult(Find(sandbox, run) is { Last.Batch: { } batch } ? new LogEntry(batch.LastSeq, batch.Utf8) : null);
    }

    public Task<EventBatch?> ReadAfterAsync(SandboxId sandbox, RunId run, long seq, int maxBytes, CancellationToken cancellationToken)
    {
        lock (_lock)
        {
            if (Find(sandbox, run) is not { } found) return Task.FromResult<EventBatch?>(null);
            var bytes = 0;
            List<EventBatch> parts = [];
            foreach (var entry in found.Entries)
            {
                if (EventBatches.Slice(entry.Batch, seq, maxBytes) is not { } part) continue;
                if (parts.Count > 0 && bytes + part.Utf8.Length > maxBytes) break;
                parts.Add(part);
                bytes += part.Utf8.Length;
                if (part.LastSeq < entry.Batch.LastSeq) break;
            }

            return Task.FromResult(parts.Count == 0 ? null : EventBatches.Join(parts));
        }
    }

    public Task<RunRecord?> FindRunAsync(SandboxId sandbox, RunId run, CancellationToken cancellationToken)
    {
        lock (_lock) return Task.FromResult(Find(sandbox, run)?.Record);
    }

    public Task<IReadOnlyList<RunId>> ListOpenAsync(SandboxId sandbox, CancellationToken cancellationToken)
    {
        lock (_lock)
        {
            IReadOnlyList<RunId> open = _sandboxes.TryGetValue(sandbox, out var runs)
                ? [.. runs.Runs.Values.Where(run => !run.Record.Ended).Select(run => run.Record.Id)]
                : [];
            return Task.FromResult(open);
        }
    }

    public Task<IReadOnlyList<RunId>> ListRunsAsync(SandboxId sandbox, CancellationToken cancellationToken)
    {
        lock (_lock)
        {
            DropExpired(ExpiredPerCall);
            IReadOnlyList<RunId> listed = _sandboxes.TryGetValue(sandbox, out var runs) && !(runs.ListUntil <= _time.GetUtcNow()) ? [.. runs.Listed] : [];
            return Task.FromResult(listed);
        }
    }

    public Task ExpireAsync(SandboxId sandbox, bool deleted, CancellationToken cancellationToken)
    {
        lock (_lock)
        {
            if (!_sandboxes.TryGetValue(sandbox, out var runs)) return Task.CompletedTask;
            runs.ListUntil ??= _time.GetUtcNow() + RecordRetention;
            if (deleted) runs.EventsUntil ??= _time.GetUtcNow() + TimeSpan.FromSeconds(_options.DeletedRetentionSeconds);
            if (deleted) _deleted.Enqueue((sandbox, runs.EventsUntil!.Value));
            return Task.CompletedTask;
        }
    }

    public void Dispose() => _sweep.Dispose();

    /// <summary>Rendered bytes held.</summary>
    internal long Bytes
    {
        get { lock (_lock) return _bytes; }
    }

    private TimeSpan Retention => TimeSpan.FromSeconds(_options.RetentionSeconds);

    private TimeSpan RecordRetention => TimeSpan.FromSeconds(_options.RecordRetentionSeconds);

    private MemoryRun? Find(SandboxId sandbox, RunId run)
    {
        if (!_sandboxes.TryGetValue(sandbox, out var runs) || !runs.Runs.TryGetValue(run, out var found)) return null;
        if (!found.Record.Ended) return found;

        // What the sweep has not come to yet is gone all the same.
        var now = _time.GetUtcNow();
        var expired = now - found.EndedAt >= Retention || now >= runs.EventsUntil;
        if (expired) DropEvents(found);
        return now - found.EndedAt >= RecordRetention || (expired && found.Record.Keyless) ? null : found;
    }

    private void Count(MemoryRun run, long bytes)
    {
        _bytes += bytes;
        _sandboxes[run.Sandbox].Bytes += bytes;
    }

    private void RequireBudget(MemorySandbox sandbox)
    {
        var budget = _options.MaxSandboxLogBytes - RunCost;
        Evict(sandbox, budget, EvictedPerAccept);
        if (sandbox.Bytes <= budget) return;
        LogMetrics.Refused.Add(1, LogMetrics.Scope(LogBudgetScope.Sandbox));
        throw new LogBudgetExceededException(LogBudgetScope.Sandbox);
    }

    /// <summary>Removes the events of the sandbox's oldest ended runs. Their exits stay.</summary>
    private void Evict(MemorySandbox sandbox, long budget, int most)
    {
        for (var i = 0; i < most && sandbox.Bytes > budget && sandbox.Closed.TryDequeue(out var oldest); i++)
        {
            DropEvents(oldest);
            LogMetrics.EvictedRuns.Add(1);
        }
    }

    private void End(MemoryRun run, RunEnding ending)
    {
        var batch = run.Last!.Batch;
        run.Record = run.Record with { Exit = Encoding.UTF8.GetString(EventBatches.LastLine(batch)), LastSeq = batch.LastSeq, Ending = ending };
        run.EndedAt = _time.GetUtcNow();
        _open.Remove(run);
        var closed = _sandboxes[run.Sandbox].Closed;
        while (closed.TryPeek(out var oldest) && oldest.Released) closed.Dequeue();
        closed.Enqueue(run);
        _endedWithEvents.Enqueue(run);
        _ended.Enqueue(run);
    }

    /// <summary>An exit always gets in: it is small, and waiting for room would keep its sandbox from ending.</summary>
    private void MakeRoom(int bytes, bool isExit)
    {
        while (_bytes + bytes > _options.MaxMemoryLogBytes && _endedWithEvents.TryDequeue(out var ended)) DropEvents(ended);
        while (_bytes + bytes > _options.MaxMemoryLogBytes)
        {
            var longest = _open.Where(run => run.Entries.Count > 1).MaxBy(run => run.Bytes);
            if (longest is null && isExit) return;
            if (longest is null) throw new StorageUnavailableException();

            var cut = Math.Max(_bytes + bytes - _options.MaxMemoryLogBytes, Math.Min(SmallestCut, longest.Bytes / 8));
            while (cut > 0 && longest.Entries.Count > 1)
            {
                var freed = longest.DropOldest();
                Count(longest, -freed);
                cut -= freed;
            }
        }
    }

    private void Sweep()
    {
        lock (_lock) DropExpired(int.MaxValue);
    }

    private void DropExpired(int atMost)
    {
        var now = _time.GetUtcNow();
        for (var i = 0; i < atMost && _endedWithEvents.TryPeek(out var run) && now - run.EndedAt >= Retention; i++) Expire(_endedWithEvents.Dequeue());
        while (_deleted.TryPeek(out var deleted) && now >= deleted.EventsUntil)
        {
            _deleted.Dequeue();
            if (!_sandboxes.TryGetValue(deleted.Sandbox, out var runs)) continue;
            foreach (var run in runs.Runs.Values.Where(run => run.Record.Ended).ToArray()) Expire(run);
        }

        for (var i = 0; i < atMost && _ended.TryPeek(out var run) && now - run.EndedAt >= RecordRetention; i++)
            Remove(_ended.Dequeue());
    }

    /// <summary>The retention of its events is over, and of its record too where it has no idempotency key.</summary>
    private void Expire(MemoryRun run)
    {
        DropEvents(run);
        if (run.Record.Keyless) Remove(run);
    }

    private void DropEvents(MemoryRun run)
    {
        if (run.Released) return;
        run.Released = run.Record.Ended;
        while (run.Entries.Count > 0) Count(run, -run.DropOldest());
        if (run.Record.Ended) _sandboxes[run.Sandbox].Bytes -= RunCost;
    }

    /// <summary>Forgets the run. It may still stand in a queue, and come here a second time.</summary>
    private void Remove(MemoryRun run)
    {
        _open.Remove(run);
        if (!_sandboxes.TryGetValue(run.Sandbox, out var runs) || runs.Runs.GetValueOrDefault(run.Record.Id) != run) return;
        DropEvents(run);
        if (!run.Record.Ended) runs.Bytes -= RunCost;
        runs.Runs.Remove(run.Record.Id);
        _runs--;
        runs.Listed.Remove(run.Record.Id);
        if (runs.Runs.Count == 0) _sandboxes.Remove(run.Sandbox);
    }
}
