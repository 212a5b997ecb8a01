using Podflare.Tenants;

namespace Podflare.Limits;

/// <summary>What this process holds of one limit of one tenant. Thread-safe.</summary>
internal abstract class TenantShare(TenantId tenant, QuotaKind kind, TimeProvider time)
{
    private long _usedAt = time.GetTimestamp();
    private long _askedAt;
    private Task? _asking;

    public TenantId Tenant { get; } = tenant;

    public QuotaKind Kind { get; } = kind;

    /// <summary>It was given up. A caller that still holds it looks up the tenant's share again.</summary>
    public bool IsRetired { get; private set; }

    protected Lock Lock { get; } = new();

    protected TimeProvider Time { get; } = time;

    /// <summary>The share, per second for rates.</summary>
    protected double Amount { get; private set; }

    /// <summary>It is in use now, whenever it was last asked for.</summary>
    protected virtual bool IsInUse => false;

    /// <summary>What the board is told. At the end of an interval, what was wanted in it is counted anew.</summary>
    public abstract QuotaReport Report(bool endsInterval);

    /// <summary>The share is this from now on.</summary>
    /// <param name="tokens">For rates: how much of the burst comes with it.</param>
    /// <returns>It has shrunk, so that others wait for the next report.</returns>
    public bool Apply(double amount, double tokens)
    {
        lock (Lock)
        {
            if (IsRetired) return false;
            var hasShrunk = amount < Amount;
            Amount = amount;
            OnChanged(tokens);
            return hasShrunk;
        }
    }

    /// <summary>The board does not answer: an equal part of the limit, by this number of processes.</summary>
    public abstract void ApplyEqualPart(int processes);

    /// <summary>Gives the share up if it was not used for a while.</summary>
    public bool TryRetire(TimeSpan idle)
    {
        lock (Lock)
        {
            if (IsInUse || Time.GetElapsedTime(_usedAt) < idle) return false;
            IsRetired = true;
            Amount = 0;
            OnChanged(0);
            return true;
        }
    }

    /// <summary>The question to the board that is under way, or a new one.</summary>
    /// <param name="ask">Begins one.</param>
    /// <returns>Null when the board was asked a moment ago.</returns>
    public Task? Ask(TimeSpan interval, Func<Task> ask)
    {
        lock (Lock)
        {
            if (_asking is { IsCompleted: false }) return _asking;
            if (_asking is not null && Time.GetElapsedTime(_askedAt) < interval) return null;
            _askedAt = Time.GetTimestamp();
            return _asking = ask();
        }
    }

    protected void MarkUsed() => _usedAt = Time.GetTimestamp();

    /// <summary>Called with the lock, when <see cref="Amount"/> has changed.</summary>
    protected abstract void OnChanged(double tokens);
}
