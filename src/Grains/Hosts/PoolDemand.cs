namespace Podflare.Hosts;

/// <summary>How deep a template's pool should be: a stock for as many claims as came within the window, between two bounds.</summary>
internal sealed class PoolDemand(int min, int max, TimeSpan window, TimeProvider time)
{
    private const int Parts = 30;

    // Claims per part of the window, so that a busy pool remembers no more than a quiet one.
    private readonly int[] _claims = new int[Parts];
    private readonly long _start = time.GetTimestamp();
    private long _part;

    /// <summary>Records a claim for the pool's kind of container, served from it or not.</summary>
    public void Record()
    {
        Forget();
        _claims[_part % Parts]++;
    }

    /// <summary>Containers that should be parked now.</summary>
    public int Target()
    {
        Forget();
        return Math.Clamp(_claims.Sum(), min, max);
    }

    private void Forget()
    {
        var part = time.GetElapsedTime(_start).Ticks / Math.Max(1, window.Ticks / Parts);
        if (part - _part >= Parts) Array.Clear(_claims);
        else for (var past = _part + 1; past <= part; past++) _claims[past % Parts] = 0;
        _part = Math.Max(_part, part);
    }
}
