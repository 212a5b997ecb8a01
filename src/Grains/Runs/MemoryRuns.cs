using System.Text;
using Podflare.Sandboxes;
using Podflare.Streaming;
using Podflare.Tenants;

namespace Podflare.Runs;

/// <summary>The runs that the memory log holds, and what they count towards the budgets. Guarded by the log's lock.</summary>
internal sealed class MemoryRuns
{
    /// <summary>What a run counts beside its events, in bytes.</summary>
    public const int RunCost = RedisScripts.RunCost;

    private const int MaxListed = 256;

    private readonly Dictionary<SandboxId, MemorySandbox> _sandboxes = [];
    private readonly Dictionary<TenantId, MemoryAccount> _tenants = [];
    private readonly HashSet<MemoryRun> _open = [];

    /// <summary>Runs held, open or ended.</summary>
    public int Count { get; private set; }

    /// <summary>Rendered bytes held.</summary>
    public long Bytes { get; private set; }

    public IEnumerable<MemoryRun> Open => _open;

    public IReadOnlyCollection<MemoryAccount> Tenants => _tenants.Values;

    public MemorySandbox? Find(SandboxId sandbox) => _sandboxes.GetValueOrDefault(sandbox);

    public MemoryRun? Find(SandboxId sandbox, RunId run) => Find(sandbox)?.Runs.GetValueOrDefault(run);

    public MemoryAccount? Find(TenantId tenant) => _tenants.GetValueOrDefault(tenant);

    public void Add(SandboxId id, RunRecord record, TenantId? tenant)
    {
        if (!_sandboxes.TryGetValue(id, out var sandbox)) _sandboxes[id] = sandbox = new MemorySandbox(id);
        if (tenant is { } owner && sandbox.TenantAccount is null)
        {
            if (!_tenants.TryGetValue(owner, out var account)) _tenants[owner] = account = new MemoryAccount(owner);
            sandbox.JoinTenant(account);
        }

        var run = new MemoryRun(sandbox, record with { Exit = null, LastSeq = 0, Ending = null });
        sandbox.Runs[record.Id] = run;
        sandbox.Listed.AddLast(record.Id);
        if (sandbox.Listed.Count > MaxListed) sandbox.Listed.RemoveFirst();
        sandbox.Count(RunCost);
        _open.Add(run);
        Count++;
    }

    public void Append(MemoryRun run, LogAppend append)
    {
        run.Add(append.Batch, append.Frame, append.Ending);
        Measure(run, append.Batch.Utf8.Length);
        while (run.Entries.Count > 1 && run.Entries.Peek().Batch.LastSeq < append.KeepFrom) DropOldest(run);
    }

    /// <param name="hasRoom">The log has room for them.</param>
    public SpansOutcome AddSpans(MemoryRun run, SpanBatch batch, int limit, Func<bool> hasRoom)
    {
        var outcome = run.Spans.Add(batch, limit, hasRoom);
        if (outcome is SpansOutcome.Kept) Measure(run, batch.Otlp.Length);
        return outcome;
    }

    /// <summary>Closes the record of a run whose last batch holds its exit.</summary>
    public void End(MemoryRun run, RunEnding ending, DateTimeOffset now)
    {
        var batch = run.Last!.Batch;
        run.Record = run.Record with { Exit = Encoding.UTF8.GetString(EventBatches.LastLine(batch)), LastSeq = batch.LastSeq, Ending = ending };
        run.EndedAt = now;
        _open.Remove(run);
        run.Sandbox.AddEnded(run);
    }

    /// <returns>The bytes that this freed.</returns>
    public long DropOldest(MemoryRun run)
    {
        var freed = run.DropOldest();
        Measure(run, -freed);
        return freed;
    }

    /// <summary>Removes the events of a run. Its record stays.</summary>
    public void DropEvents(MemoryRun run)
    {
        if (run.Released) return;
        run.Released = run.Record.Ended;
        while (run.Entries.Count > 0) DropOldest(run);
        Measure(run, -run.Spans.Clear());
        if (run.Record.Ended) run.Sandbox.Count(-RunCost);
    }

    /// <summary>Removes a run, its record included. A second call for the same run does nothing.</summary>
    public void Remove(MemoryRun run)
    {
        var sandbox = run.Sandbox;
        _open.Remove(run);
        if (sandbox.Runs.GetValueOrDefault(run.Record.Id) != run) return;
        DropEvents(run);
        if (!run.Record.Ended) sandbox.Count(-RunCost);
        sandbox.Runs.Remove(run.Record.Id);
        sandbox.Listed.Remove(run.Record.Id);
        Count--;
        if (sandbox.Runs.Count == 0) Remove(sandbox);
    }

    private void Remove(MemorySandbox sandbox)
    {
        _sandboxes.Remove(sandbox.Id);
        if (sandbox.TenantAccount is not { } account || --account.Sandboxes > 0) return;
        _tenants.Remove(_tenants.First(pair => pair.Value == account).Key);
    }

    private void Measure(MemoryRun run, long bytes)
    {
        Bytes += bytes;
        run.Sandbox.Count(bytes);
    }
}
