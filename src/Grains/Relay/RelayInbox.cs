using System.Diagnostics.CodeAnalysis;
using Podflare.Guests;
using Podflare.Sandboxes;

namespace Podflare.Relay;

/// <summary>The batches of one sandbox, in order. One is processed at a time.</summary>
internal sealed class RelayInbox(SandboxId sandbox, RelayMemory memory, RelayBudget budget, Action<RelayInbox> ready, Action changed) : ITelemetryInbox
{
    // A guest has fewer: each takes 512 bytes of its queue of 1 MiB.
    private const int MaxPending = 4_096;

    // Of a batch in memory, beside its body.
    private const int BatchBytes = 512;

    private readonly Lock _gate = new();
    private readonly Queue<TelemetryBatch> _pending = [];
    private TelemetrySource? _source;
    private ulong _last;
    private bool _isScheduled;
    private bool _isClosed;

    public SandboxId Sandbox => sandbox;

    public RelayBudget Budget => budget;

    /// <summary>The runs that its spans belong to.</summary>
    public RelayRuns Runs { get; } = new();

    public ulong Taken
    {
        get { lock (_gate) return _pending.TryPeek(out var oldest) ? oldest.Number - 1 : _last; }
    }

    public void SetSource(TelemetrySource source)
    {
        lock (_gate) _source = source;
        Schedule();
    }

    public void Add(TelemetryBatch batch)
    {
        RelayMetrics.Drop("guest_full", batch.Dropped.Sum());
        var bytes = BatchBytes + batch.Body.Length;
        var reason = !budget.TryTake(batch.Body.Length) ? "rate" : !memory.TryTake(bytes) ? "busy" : null;
        if (reason is not null)
        {
            RelayMetrics.Drop(reason, 1);
            // The rest waits for its turn like any other: its run shows what was dropped.
            batch = batch with { Body = default, Dropped = batch.Dropped.SetItem((int)batch.Signal - 1, batch.Dropped[(int)batch.Signal - 1] + 1) };
            memory.Charge(BatchBytes);
        }

        bool isPending;
        lock (_gate)
        {
            _last = batch.Number;
            isPending = !_isClosed && _pending.Count < MaxPending;
            if (isPending) _pending.Enqueue(batch);
        }

        if (!isPending)
        {
            if (reason is null) RelayMetrics.Drop("busy", 1);
            memory.Release(BatchBytes + batch.Body.Length);
        }

        Schedule();
    }

    public void Close()
    {
        var forgotten = 0;
        lock (_gate)
        {
            _isClosed = true;
            if (_source is not null) return;
            foreach (var batch in _pending) forgotten += BatchBytes + batch.Body.Length;
            _pending.Clear();
        }

        memory.Release(forgotten);
    }

    /// <summary>The batch to be processed now. It stays until <see cref="Complete"/>.</summary>
    public bool TryPeek([MaybeNullWhen(false)] out TelemetryBatch batch, [MaybeNullWhen(false)] out TelemetrySource source)
    {
        lock (_gate)
        {
            source = _source;
            return _pending.TryPeek(out batch) && source is not null;
        }
    }

    /// <summary>The batch has been dealt with.</summary>
    public void Complete()
    {
        TelemetryBatch batch;
        lock (_gate) (batch, _isScheduled) = (_pending.Dequeue(), false);
        memory.Release(BatchBytes + batch.Body.Length);
        changed();
        Schedule();
    }

    /// <summary>The batch is to be tried again.</summary>
    public void Retry()
    {
        lock (_gate) _isScheduled = false;
        Schedule();
    }

    private void Schedule()
    {
        lock (_gate)
        {
            if (_isScheduled || _source is null || _pending.Count == 0) return;
            _isScheduled = true;
        }

        ready(this);
    }
}
