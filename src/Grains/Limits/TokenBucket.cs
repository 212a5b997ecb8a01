namespace Podflare.Limits;

/// <summary>A token bucket whose rate and capacity can change while it is in use. Empty at first. Thread-safe.</summary>
public sealed class TokenBucket(TimeProvider time)
{
    private readonly Lock _lock = new();
    private double _rate;
    private double _capacity;
    private double _tokens;
    private long _at = time.GetTimestamp();

    /// <summary>Takes one token.</summary>
    /// <param name="left">Whole tokens that are left.</param>
    /// <param name="wait">Where there is none: the time until there is one; <see cref="Timeout.InfiniteTimeSpan"/> where none comes.</param>
    public bool TryTake(out int left, out TimeSpan wait)
    {
        lock (_lock)
        {
            Refill();
            if (_tokens >= 1)
            {
                _tokens--;
                (left, wait) = ((int)Math.Min(_tokens, int.MaxValue), TimeSpan.Zero);
                return true;
            }

            left = 0;
            wait = _rate > 0 ? TimeSpan.FromSeconds(Math.Min((1 - _tokens) / _rate, TimeSpan.MaxValue.TotalSeconds / 2)) : Timeout.InfiniteTimeSpan;
            return false;
        }
    }

    /// <summary>Changes the rate and the capacity. Tokens beyond the new capacity are lost.</summary>
    /// <param name="rate">Tokens per second that come.</param>
    /// <param name="capacity">Tokens that it holds at most.</param>
    /// <param name="more">Tokens that it gets in addition.</param>
    public void Set(double rate, double capacity, double more = 0)
    {
        lock (_lock)
        {
            Refill();
            (_rate, _capacity) = (rate, capacity);
            _tokens = Math.Min(capacity, _tokens + more);
        }
    }

    private void Refill()
    {
        var now = time.GetTimestamp();
        _tokens = Math.Min(_capacity, _tokens + (time.GetElapsedTime(_at, now).TotalSeconds * _rate));
        _at = now;
    }
}
