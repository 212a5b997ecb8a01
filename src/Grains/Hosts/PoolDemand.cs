namespace Podflare.Hosts;

/// <summary>How deep a template's pool should be: a stock for as many claims as came within the window, between two bounds.</summary>
internal sealed class PoolDemand(int min, int? max, TimeSpan window, TimeProvider time)
{
    private const int Parts = 30;

    // More at once would take the CPU from those whose claims were the demand. What is deeper is filled while the machine is idle.
    private const int MostUrgent = 16;

    // Claims per part of the window, so that a busy pool remembers no more than a quiet one.
    private readonly int[] _claims = new int[Parts];
    private readonly long _start = time.GetTimestamp();
    private long _part;
    private long? _claimedAt;

    /// <summary>Containers that are kept however few are claimed.</summary>
    public int Min => min;

    /// <summary>Containers that may be parked at most; null where the host decides.</summary>
    public int? Max => max;

    /// <summary>Containers that demand can ask for.</summary>
    public int MostInDemand => Math.Max(min, max ?? MostUrgent);

    /// <summary>Records a claim for the pool's kind of container, served from it or not.</summary>
    public void Record()
    {
        Forget();
        _claims[_part % Parts]++;
        _claimedAt = time.GetTimestamp();
    }

    /// <summary>There was a claim within this time.</summary>
    public bool WasClaimedWithin(TimeSpan limit) => _claimedAt is { } at && time.GetElapsedTime(at) < limit;

    /// <summary>Containers that should be parked now, whatever else there is to do.</summary>
    public int Target()
    {
        Forget();
        return Math.Clamp(_claims.Sum(), min, MostInDemand);
    }

    private void Forget()
    {
        var part = time.GetElapsedTime(_start).Ticks / Math.Max(1, window.Ticks / Parts);
        if (part - _part >= Parts) Array.Clear(_claims);
        else for (var past = _part + 1; past <= part; past++) _claims[past % Parts] = 0;
        _part = Math.Max(_part, part);
    }
}
