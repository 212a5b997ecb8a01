using Podflare.Sandboxes;

namespace Podflare.Hosts;

/// <summary>What the containers of a host hold of it: a slot each, and the memory that each may use at most.</summary>
/// <remarks>Used on its grain's scheduler only.</remarks>
internal sealed class HostCapacity(int slots, long memoryBytes)
{
    private readonly Dictionary<SandboxId, long> _held = [];

    public int Slots => slots;

    public long MemoryBytes => memoryBytes;

    /// <summary>Slots in use.</summary>
    public int Used => _held.Count;

    /// <summary>Memory in use, as limits and not as what is really used.</summary>
    public long UsedBytes { get; private set; }

    /// <summary>There is room for one more container with this memory limit.</summary>
    public bool Fits(long bytes) => Used < slots && UsedBytes + bytes <= memoryBytes;

    /// <summary>Counts a container, over the limits if need be: one that is there can't be argued away. Repeating it is fine.</summary>
    public void Take(SandboxId sandbox, long bytes)
    {
        if (_held.TryAdd(sandbox, bytes)) UsedBytes += bytes;
    }

    /// <summary>The container is gone. Repeating it is fine.</summary>
    public void Release(SandboxId sandbox)
    {
        if (_held.Remove(sandbox, out var bytes)) UsedBytes -= bytes;
    }
}
