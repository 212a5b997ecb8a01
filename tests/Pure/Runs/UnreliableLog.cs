using Podflare.Sandboxes;
using Podflare.Streaming;
using Podflare.Tenants;

namespace Podflare.Runs;

/// <summary>A memory log behind a line that breaks when told to, before or after the store has done its work, or comes back without data.</summary>
internal sealed class UnreliableLog(IEventLog first) : IEventLog
{
    private IEventLog _store = first;

    /// <summary>The store itself; another one stands for a store that came back with older data.</summary>
    public IEventLog Store
    {
        get => _store;
        set
        {
            _store = value;
            Epoch++;
        }
    }

    public int Epoch { get; private set; }

    /// <summary>The next calls that fail before they reach the store.</summary>
    public int FailBefore { get; set; }

    /// <summary>The next appends that reach the store, and whose answer is lost.</summary>
    public int LoseAnswers { get; set; }

    /// <summary>An append that only arrives before the next append does, long after it was given up.</summary>
    public bool Delay { get; set; }

    /// <summary>Runs before each append that reaches the store.</summary>
    public Func<Task>? BeforeAppend { get; set; }

    public List<LogAppend> Appends { get; } = [];

    private Func<Task>? _delayed;

    public async Task<AppendOutcome> AppendAsync(SandboxId sandbox, RunId run, LogAppend append, CancellationToken cancellationToken)
    {
        Reach();
        if (BeforeAppend is { } act) await act();
        if (Delay)
        {
            Delay = false;
            _delayed = () => Store.AppendAsync(sandbox, run, append, CancellationToken.None);
            throw new StorageUnavailableException();
        }

        if (_delayed is { } late)
        {
            _delayed = null;
            await late();
        }

        Appends.Add(append);
        var outcome = await Store.AppendAsync(sandbox, run, append, cancellationToken);
        if (LoseAnswers == 0) return outcome;
        LoseAnswers--;
        throw new StorageUnavailableException();
    }

    public Task<AcceptOutcome> AcceptAsync(SandboxId sandbox, RunRecord record, TenantId? tenant, CancellationToken cancellationToken) =>
        Reach().AcceptAsync(sandbox, record, tenant, cancellationToken);

    public Task<bool> WithdrawAsync(SandboxId sandbox, RunId run, CancellationToken cancellationToken) => Reach().WithdrawAsync(sandbox, run, cancellationToken);

    public Task<LogBounds?> FindBoundsAsync(SandboxId sandbox, RunId run, CancellationToken cancellationToken) =>
        Reach().FindBoundsAsync(sandbox, run, cancellationToken);

    public Task<LogEntry?> FindLastEntryAsync(SandboxId sandbox, RunId run, CancellationToken cancellationToken) =>
        Reach().FindLastEntryAsync(sandbox, run, cancellationToken);

    public Task DiscardAsync(SandboxId sandbox, RunId run, CancellationToken cancellationToken) => Reach().DiscardAsync(sandbox, run, cancellationToken);

    public Task<EventBatch?> ReadAfterAsync(SandboxId sandbox, RunId run, long seq, int maxBytes, CancellationToken cancellationToken) =>
        Reach().ReadAfterAsync(sandbox, run, seq, maxBytes, cancellationToken);

    public Task<RunRecord?> FindRunAsync(SandboxId sandbox, RunId run, CancellationToken cancellationToken) => Reach().FindRunAsync(sandbox, run, cancellationToken);

    public Task<IReadOnlyList<RunId>> ListOpenAsync(SandboxId sandbox, CancellationToken cancellationToken) => Reach().ListOpenAsync(sandbox, cancellationToken);

    public Task<IReadOnlyList<RunId>> ListRunsAsync(SandboxId sandbox, CancellationToken cancellationToken) => Reach().ListRunsAsync(sandbox, cancellationToken);

    public Task<IReadOnlyDictionary<string, RunUsage>> ReadUsageAsync(SandboxId sandbox, CancellationToken cancellationToken) => Reach().ReadUsageAsync(sandbox, cancellationToken);

    public Task<IReadOnlyList<RunId>> ListUnreportedAsync(SandboxId sandbox, CancellationToken cancellationToken) => Reach().ListUnreportedAsync(sandbox, cancellationToken);

    public Task MarkReportedAsync(SandboxId sandbox, IReadOnlyList<RunId> runs, CancellationToken cancellationToken) => Reach().MarkReportedAsync(sandbox, runs, cancellationToken);

    public Task<SpansOutcome> AddSpansAsync(SandboxId sandbox, RunId run, SpanBatch batch, CancellationToken cancellationToken) => Reach().AddSpansAsync(sandbox, run, batch, cancellationToken);

    public Task<KeptSpans> ReadSpansAsync(SandboxId sandbox, RunId run, CancellationToken cancellationToken) => Reach().ReadSpansAsync(sandbox, run, cancellationToken);

    public Task ExpireAsync(SandboxId sandbox, bool deleted, CancellationToken cancellationToken) => Reach().ExpireAsync(sandbox, deleted, cancellationToken);

    private IEventLog Reach()
    {
        if (FailBefore == 0) return Store;
        FailBefore--;
        throw new StorageUnavailableException();
    }
}
