namespace Podflare.Hosts;

/// <summary>How deep a template's pool should be: a stock for as many claims as came in the last while, between two bounds.</summary>
/// <param name="window">That while; claims older than it are forgotten.</param>
internal sealed class PoolDemand(int min, int max, TimeSpan window)
{
    private const int Parts = 30;

    // Claims per part of the window, so that a busy pool remembers no more than a quiet one.
    private readonly int[] _claims = new int[Parts];
    private long _part;

    /// <summary>A claim for the pool's kind of container came, served from it or not.</summary>
    public void Note(DateTimeOffset now)
    {
        Forget(now);
        _claims[_part % Parts]++;
    }

    /// <summary>Containers that should be parked now.</summary>
    public int Target(DateTimeOffset now)
    {
        Forget(now);
        return Math.Clamp(_claims.Sum(), min, max);
    }

    private void Forget(DateTimeOffset now)
    {
        var part = now.Ticks / Math.Max(1, window.Ticks / Parts);
        if (part - _part >= Parts) Array.Clear(_claims);
        else for (var past = _part + 1; past <= part; past++) _claims[past % Parts] = 0;
        _part = Math.Max(_part, part);
    }
}
