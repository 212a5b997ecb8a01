namespace Podflare.Relay;

/// <summary>How many bytes a sandbox or a tenant may send: a bucket that fills at a rate. Safe for several threads.</summary>
internal sealed class RelayBudget(int bytesPerSecond, int burst, TimeProvider time)
{
    private readonly Lock _gate = new();
    private double _left = burst;
    private long _at = time.GetTimestamp();

    /// <summary>Takes the bytes if anything is left. A batch may be larger than the rest: what is missing is paid back first.</summary>
    public bool TryTake(int bytes)
    {
        lock (_gate)
        {
            var now = time.GetTimestamp();
            _left = Math.Min(burst, _left + time.GetElapsedTime(_at, now).TotalSeconds * bytesPerSecond);
            _at = now;
            if (_left <= 0) return false;
            _left -= bytes;
            return true;
        }
    }

    /// <summary>Takes bytes that have turned up later.</summary>
    public void Charge(int bytes)
    {
        lock (_gate) _left -= bytes;
    }
}
