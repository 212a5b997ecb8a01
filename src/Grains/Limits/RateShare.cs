using Podflare.Tenants;

namespace Podflare.Limits;

/// <summary>This process's share of a rate.</summary>
internal sealed class RateShare(TenantId tenant, QuotaKind kind, RateLimit limit, TimeProvider time) : TenantShare(tenant, kind, time)
{
    // What was wanted in the interval before counts for this part: a client that sends in bursts does not lose its share between two of them.
    private const double Memory = 0.5;

    private readonly TokenBucket _bucket = new(time);
    private RateLimit _limit = limit;
    private double _wanted;
    private int _attempts;
    private long _countedAt = time.GetTimestamp();

    public bool HasShare => Amount > 0;

    public bool TryTake(RateLimit limit, out int left, out TimeSpan wait)
    {
        if (limit != _limit) Change(limit);
        Interlocked.Increment(ref _attempts);
        MarkUsed();
        return _bucket.TryTake(out left, out wait);
    }

    /// <summary>As <see cref="TryTake"/>, for an attempt that is counted already.</summary>
    public bool TryTakeAgain(out int left, out TimeSpan wait) => _bucket.TryTake(out left, out wait);

    public override QuotaReport Report(bool endsInterval)
    {
        lock (Lock)
        {
            var seconds = Math.Max(0.1, Time.GetElapsedTime(_countedAt).TotalSeconds);
            var wanted = Math.Max(Volatile.Read(ref _attempts) / seconds, _wanted * Memory);
            if (endsInterval)
            {
                (_wanted, _countedAt) = (wanted, Time.GetTimestamp());
                Interlocked.Exchange(ref _attempts, 0);
            }

            return new QuotaReport(Tenant, Kind, _limit.PerSecond, _limit.Burst, wanted, Used: 0, Amount);
        }
    }

    public override void ApplyEqualPart(int processes)
    {
        // Nobody knows how much of the burst is left, so that only one that had no share gets its part of it.
        var part = 1.0 / processes;
        Apply(_limit.PerSecond * part, HasShare ? 0 : _limit.Burst * part);
    }

    // A small share must be able to gather one whole token.
    protected override void OnChanged(double tokens) =>
        _bucket.Set(Amount, Amount > 0 ? Math.Max(1, _limit.Burst * Amount / _limit.PerSecond) : 0, tokens);

    private void Change(RateLimit limit)
    {
        lock (Lock)
        {
            _limit = limit;
            OnChanged(0);
        }
    }
}
