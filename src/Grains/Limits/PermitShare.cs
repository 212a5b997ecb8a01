using Podflare.Tenants;

namespace Podflare.Limits;

/// <summary>This process's share of what may be in use at the same time, and who waits for a part of it.</summary>
/// <param name="maxWaiting">Waiters beyond which nobody may wait.</param>
internal sealed class PermitShare(TenantId tenant, QuotaKind kind, int limit, int maxWaiting, TimeProvider time) : TenantShare(tenant, kind, time)
{
    private readonly LinkedList<TaskCompletionSource> _waiting = [];
    private int _limit = limit;
    private int _used;

    protected override bool IsInUse => _used > 0 || _waiting.Count > 0;

    /// <summary>Takes a permit at once.</summary>
    public bool TryEnter(int limit)
    {
        lock (Lock)
        {
            MarkUsed();
            _limit = limit;
            if (IsRetired || _waiting.Count > 0 || _used >= Amount) return false;
            _used++;
            return true;
        }
    }

    /// <summary>Takes a permit that is in use already, beyond the share if need be: an earlier process of this host has given it.</summary>
    /// <returns>False when the share was given up.</returns>
    public bool Enter()
    {
        lock (Lock)
        {
            MarkUsed();
            if (IsRetired) return false;
            _used++;
            return true;
        }
    }

    /// <summary>Waits for a permit, first come, first served.</summary>
    /// <returns>Null when too many wait, or the share was given up.</returns>
    public LinkedListNode<TaskCompletionSource>? Wait()
    {
        lock (Lock)
        {
            if (IsRetired || _waiting.Count >= maxWaiting) return null;
            var waiter = _waiting.AddLast(new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously));
            Serve();
            return waiter;
        }
    }

    /// <summary>Stops waiting.</summary>
    /// <returns>True when the permit has come meanwhile.</returns>
    public bool StopWaiting(LinkedListNode<TaskCompletionSource> waiter)
    {
        lock (Lock)
        {
            if (waiter.List is null) return true;
            _waiting.Remove(waiter);
            return false;
        }
    }

    public void Leave()
    {
        lock (Lock)
        {
            _used--;
            MarkUsed();
            Serve();
        }
    }

    public override QuotaReport Report(bool endsInterval)
    {
        lock (Lock)
        {
            return new QuotaReport(Tenant, Kind, _limit, Burst: 0, _used + _waiting.Count, _used, Amount);
        }
    }

    public override void ApplyEqualPart(int processes) => Apply(Math.Floor((double)_limit / processes), 0);

    protected override void OnChanged(double tokens) => Serve();

    private void Serve()
    {
        while (_used < Amount && _waiting.First is { } first)
        {
            _waiting.Remove(first);
            _used++;
            first.Value.TrySetResult();
        }
    }
}
