namespace Podflare.Relay;

/// <summary>The bytes of all batches that wait in this process. Safe for several threads.</summary>
internal sealed class RelayMemory(int limit)
{
    private long _used;

    public bool TryTake(int bytes)
    {
        if (Interlocked.Add(ref _used, bytes) <= limit) return true;
        Release(bytes);
        return false;
    }

    /// <summary>Takes bytes that are needed also where the limit is reached.</summary>
    public void Charge(int bytes) => Interlocked.Add(ref _used, bytes);

    public void Release(int bytes) => Interlocked.Add(ref _used, -bytes);
}
