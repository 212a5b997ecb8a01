namespace Podflare.Runs;

/// <summary>
/// Notices when the memory log has become much smaller. The runtime collects when programs allocate: after a peak an idle service would keep
/// what it has freed for as long as it is idle.
/// </summary>
/// <param name="giveBack">Returns free memory to the system.</param>
internal sealed class MemoryPeak(Action giveBack)
{
    // Less is not worth a pause of all threads.
    private const long Least = 64L << 20;

    private long _peak;

    /// <summary>Once a minute at most.</summary>
    /// <param name="bytes">What the log holds now.</param>
    public void Observe(long bytes)
    {
        if (_peak - bytes < Least)
        {
            _peak = Math.Max(_peak, bytes);
            return;
        }

        _peak = bytes;
        giveBack();
    }

    /// <summary>Compacts the heap, the one of large objects too, and returns what is free. It takes some tens of milliseconds.</summary>
    public static void Collect() => GC.Collect(GC.MaxGeneration, GCCollectionMode.Aggressive, blocking: true, compacting: true);
}
