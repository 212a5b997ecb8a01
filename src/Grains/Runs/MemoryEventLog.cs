using Microsoft.Extensions.Options;
using Podflare.Limits;
using Podflare.Sandboxes;
using Podflare.Streaming;
using Podflare.Tenants;

namespace Podflare.Runs;

/// <summary>
/// The event log of the embedded process: it keeps nothing over a restart, and is bounded per sandbox, per tenant and in total. Over a limit the
/// events of ended runs go first, the oldest first; over the total one then the oldest ones of the longest open run. Safe for many grains at once.
/// </summary>
public sealed class MemoryEventLog : IEventLog, IDisposable
{
    private const int ExpiredPerCall = 32;

    private static readonly TimeSpan SweepPeriod = TimeSpan.FromMinutes(1);

    private readonly Lock _lock = new();
    private readonly MemoryRuns _runs = new();
    private readonly MemoryUsage _usage = new();
    private readonly MemoryRetention _retention;
    private readonly MemoryLogBudget _budget;
    private readonly RunOptions _options;
    private readonly TimeProvider _time;
    private readonly ITimer _sweep;
    private readonly MemoryPeak _peak = new(MemoryPeak.Collect);

    /// <param name="tenants">The limits of tenants; null where they have none.</param>
    public MemoryEventLog(IOptions<RunOptions> options, TimeProvider time, ITenantLimits? tenants = null)
    {
        (_options, _time) = (options.Value, time);
        _retention = new MemoryRetention(_runs, _options, time);
        _budget = new MemoryLogBudget(_runs, _retention, new TenantLogLimits(_options, tenants), _options);
        _sweep = time.CreateTimer(_ => Sweep(), null, SweepPeriod, SweepPeriod);
    }

    /// <summary>It loses nothing as long as there is anybody to ask.</summary>
    public int Epoch => 0;

    public Task<AcceptOutcome> AcceptAsync(SandboxId sandbox, RunRecord record, TenantId? tenant, CancellationToken cancellationToken)
    {
        lock (_lock)
        {
            _retention.DropExpired(ExpiredPerCall);
            if (_retention.Find(sandbox, record.Id) is { } known)
                return Task.FromResult(new AcceptOutcome(known.Record.PayloadHash, IsNew: false, known.Record.Ended));

            var before = _runs.Find(sandbox);
            if (before is { ListUntil: not null }) throw new SandboxUnreachableException();
            if (_runs.Find(sandbox, record.Id) is { } expired) _runs.Remove(expired);
            if (tenant is { } payer) _budget.Require(before, payer);
            if (_runs.Count >= _options.MaxMemoryLogRuns) _retention.RemoveOldest();
            if (_runs.Count >= _options.MaxMemoryLogRuns) throw new StorageUnavailableException();
            _runs.Add(sandbox, record, tenant);
            return Task.FromResult(new AcceptOutcome(record.PayloadHash, IsNew: true, Ended: false));
        }
    }

    public Task<bool> WithdrawAsync(SandboxId sandbox, RunId run, CancellationToken cancellationToken)
    {
        lock (_lock)
        {
            if (_retention.Find(sandbox, run) is not { } found) return Task.FromResult(true);
            if (found.Last is not null || found.Record.Ended) return Task.FromResult(false);
            _runs.Remove(found);
            return Task.FromResult(true);
        }
    }

    public Task DiscardAsync(SandboxId sandbox, RunId run, CancellationToken cancellationToken)
    {
        lock (_lock)
        {
            if (_retention.Find(sandbox, run) is { } found) _runs.Remove(found);
            return Task.CompletedTask;
        }
    }

    public Task<AppendOutcome> AppendAsync(SandboxId sandbox, RunId run, LogAppend append, CancellationToken cancellationToken)
    {
        lock (_lock)
        {
            _retention.DropExpired(ExpiredPerCall);
            if (_retention.Find(sandbox, run) is not { } found) return Task.FromResult(new AppendOutcome(AppendResult.Fenced));
            if (found.Record.Ended) return Task.FromResult(new AppendOutcome(AppendResult.Ended));
            var at = found.Last?.Batch.LastSeq ?? 0;
            if (at != append.Before) return Task.FromResult(new AppendOutcome(AppendResult.Fenced, at));

            _budget.MakeRoom(append.Batch.Utf8.Length, isExit: append.Ending is not null);
            _runs.Append(found, append);
            if (append.Ending is { } ending)
            {
                _runs.End(found, ending, _time.GetUtcNow());
                _usage.Add(sandbox, found.Record, found.TotalBytes);
                _retention.Add(found);
                if (_options.UnreportedOf(found.Record) is > 0 and var most) found.Sandbox.AddUnreported(run, most);
            }

            return Task.FromResult(new AppendOutcome(AppendResult.Done, OverBudget: _budget.Settle(found.Sandbox)));
        }
    }

    public Task<LogBounds?> FindBoundsAsync(SandboxId sandbox, RunId run, CancellationToken cancellationToken)
    {
        lock (_lock)
        {
            if (_retention.Find(sandbox, run) is not { Last: { } last } found) return Task.FromResult<LogBounds?>(null);
            return Task.FromResult<LogBounds?>(new LogBounds(found.Entries.Peek().Batch.FirstSeq, last.Batch.LastSeq, last.Frame, found.Bytes));
        }
    }

    public Task<LogEntry?> FindLastEntryAsync(SandboxId sandbox, RunId run, CancellationToken cancellationToken)
    {
        lock (_lock) return Task.FromResult(_retention.Find(sandbox, run) is { Last.Batch: { } batch } ? new LogEntry(batch.LastSeq, batch.Utf8) : null);
    }

    public Task<EventBatch?> ReadAfterAsync(SandboxId sandbox, RunId run, long seq, int maxBytes, CancellationToken cancellationToken)
    {
        lock (_lock)
        {
            if (_retention.Find(sandbox, run) is not { } found) return Task.FromResult<EventBatch?>(null);
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
        lock (_lock) return Task.FromResult(_retention.Find(sandbox, run)?.Record);
    }

    public Task<IReadOnlyList<RunId>> ListOpenAsync(SandboxId sandbox, CancellationToken cancellationToken)
    {
        lock (_lock)
        {
            IReadOnlyList<RunId> open = [.. _runs.Find(sandbox)?.Runs.Values.Where(run => !run.Record.Ended).Select(run => run.Record.Id) ?? []];
            return Task.FromResult(open);
        }
    }

    public Task<IReadOnlyList<RunId>> ListRunsAsync(SandboxId sandbox, CancellationToken cancellationToken)
    {
        lock (_lock)
        {
            _retention.DropExpired(ExpiredPerCall);
            IReadOnlyList<RunId> listed = _runs.Find(sandbox) is { } known && !(known.ListUntil <= _time.GetUtcNow()) ? [.. known.Listed] : [];
            return Task.FromResult(listed);
        }
    }

    public Task<IReadOnlyDictionary<string, RunUsage>> ReadUsageAsync(SandboxId sandbox, CancellationToken cancellationToken)
    {
        lock (_lock) return Task.FromResult(_usage.Find(sandbox));
    }

    public Task<IReadOnlyList<RunId>> ListUnreportedAsync(SandboxId sandbox, CancellationToken cancellationToken)
    {
        lock (_lock) return Task.FromResult<IReadOnlyList<RunId>>([.. _runs.Find(sandbox)?.Unreported ?? []]);
    }

    public Task MarkReportedAsync(SandboxId sandbox, IReadOnlyList<RunId> runs, CancellationToken cancellationToken)
    {
        lock (_lock)
        {
            if (_runs.Find(sandbox) is not { } known) return Task.CompletedTask;
            foreach (var run in runs) known.Unreported.Remove(run);
            return Task.CompletedTask;
        }
    }

    public Task<SpansOutcome> AddSpansAsync(SandboxId sandbox, RunId run, SpanBatch batch, CancellationToken cancellationToken)
    {
        lock (_lock)
        {
            if (_retention.Find(sandbox, run) is not { Released: false } found) return Task.FromResult(SpansOutcome.NoRun);
            return Task.FromResult(_runs.AddSpans(found, batch, _options.TraceBytesFor(batch), () => _budget.HasRoom(found.Sandbox, batch.Otlp.Length) && !found.Released));
        }
    }

    public Task<KeptSpans> ReadSpansAsync(SandboxId sandbox, RunId run, CancellationToken cancellationToken)
    {
        lock (_lock) return Task.FromResult(_retention.Find(sandbox, run)?.Spans.Read() ?? new KeptSpans([], 0));
    }

    public Task ExpireAsync(SandboxId sandbox, bool deleted, CancellationToken cancellationToken)
    {
        lock (_lock)
        {
            _usage.End(sandbox);
            if (_runs.Find(sandbox) is { } known) _retention.End(known, deleted);
            return Task.CompletedTask;
        }
    }

    public void Dispose() => _sweep.Dispose();

    /// <summary>Rendered bytes held.</summary>
    internal long Bytes
    {
        get { lock (_lock) return _runs.Bytes; }
    }

    private void Sweep()
    {
        lock (_lock) _retention.DropExpired(int.MaxValue);
        _peak.Observe(Bytes);
    }
}
