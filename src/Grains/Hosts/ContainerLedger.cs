using System.Diagnostics.CodeAnalysis;
using Podflare.Sandboxes;

namespace Podflare.Hosts;

/// <summary>
/// Every container of one host, and who each belongs to. The one place that knows: a container that is not in it is a stray, and a change
/// that the table of transitions does not allow is a programming error.
/// </summary>
/// <param name="slots">Containers that the host takes.</param>
/// <param name="memoryBytes">The sum of the memory limits that the host takes.</param>
/// <remarks>For its grain's scheduler only.</remarks>
internal sealed class ContainerLedger(int slots, long memoryBytes, TimeProvider time)
{
    // What a container takes whose REPL is ready and has done nothing.
    private const long ParkedBytes = 32L << 20;

    private readonly Dictionary<SandboxId, ContainerEntry> _entries = [];

    public int Slots => slots;

    public long MemoryBytes => memoryBytes;

    /// <summary>Containers that take a slot.</summary>
    public int Used => _entries.Count;

    /// <summary>The sum of their memory limits, which is not what they really use. A parked container counts with 32 MiB until it is claimed.</summary>
    public long UsedBytes { get; private set; }

    public IReadOnlyCollection<ContainerEntry> All => _entries.Values;

    /// <summary>What the sandboxes of this host last reported.</summary>
    public IEnumerable<SandboxInfo> Sandboxes => _entries.Values.Select(entry => entry.Info).OfType<SandboxInfo>();

    /// <summary>Whether a container may go from one state to another. <see langword="null"/> means that it is not in the ledger.</summary>
    public static bool Allows(ContainerState? from, ContainerState? to) => (from, to) switch
    {
        (null, ContainerState.Starting or ContainerState.Adopting or ContainerState.Live) => true,
        (ContainerState.Starting, ContainerState.Parked or ContainerState.Leased or ContainerState.Removing or null) => true,
        (ContainerState.Parked, ContainerState.Leased or ContainerState.Removing) => true,
        (ContainerState.Leased, ContainerState.HandedOver or ContainerState.Removing) => true,
        (ContainerState.HandedOver, ContainerState.Live or ContainerState.Adopting or ContainerState.Removing) => true,
        (ContainerState.Adopting, ContainerState.Live or ContainerState.Removing or null) => true,
        (ContainerState.Live, ContainerState.Live or ContainerState.Removing or null) => true,
        (ContainerState.Removing, null) => true,
        _ => false,
    };

    /// <summary>There is room for one more container with this memory limit.</summary>
    public bool Fits(long bytes) => Used < slots && UsedBytes + bytes <= memoryBytes;

    /// <summary>There is room for the memory limit of a container that is parked, and then is not.</summary>
    public bool FitsClaimed(long bytes) => UsedBytes + bytes - Weight(ContainerState.Parked, bytes) <= memoryBytes;

    /// <summary>There would be room for one more container with this memory limit if no container were parked.</summary>
    public bool FitsWithoutParked(long bytes)
    {
        var parked = In(ContainerState.Parked).ToArray();
        return Used - parked.Length < slots && UsedBytes - parked.Sum(Weight) + bytes <= memoryBytes;
    }

    /// <summary>What a container in this state counts.</summary>
    public static long Weight(ContainerState state, long bytes) => state is ContainerState.Parked ? Math.Min(ParkedBytes, bytes) : bytes;

    public bool Contains(SandboxId sandbox) => _entries.ContainsKey(sandbox);

    public ContainerEntry? Find(SandboxId sandbox) => _entries.GetValueOrDefault(sandbox);

    /// <summary>The entry, if it is in this state.</summary>
    public bool TryFind(SandboxId sandbox, ContainerState state, [NotNullWhen(true)] out ContainerEntry? entry) =>
        _entries.TryGetValue(sandbox, out entry) && entry.State == state;

    public IEnumerable<ContainerEntry> In(ContainerState state) => _entries.Values.Where(entry => entry.State == state);

    /// <summary>Adds a container, over the limits if need be: one that exists counts.</summary>
    /// <exception cref="InvalidOperationException">It is in the ledger already, or cannot begin in this state.</exception>
    public ContainerEntry Add(SandboxId sandbox, ContainerState state, long bytes)
    {
        Check(sandbox, _entries.GetValueOrDefault(sandbox)?.State, state, known: _entries.ContainsKey(sandbox));
        var entry = new ContainerEntry(sandbox, state, bytes) { Since = time.GetTimestamp() };
        _entries.Add(sandbox, entry);
        UsedBytes += Weight(entry);
        return entry;
    }

    /// <exception cref="InvalidOperationException">The container cannot go from its state to this one.</exception>
    public void Move(ContainerEntry entry, ContainerState state)
    {
        if (_entries.GetValueOrDefault(entry.Sandbox) != entry) throw new InvalidOperationException($"The container of sandbox {entry.Sandbox} is not in the ledger.");
        Check(entry.Sandbox, entry.State, state, known: false);
        UsedBytes -= Weight(entry);
        entry.State = state;
        UsedBytes += Weight(entry);
        entry.Since = time.GetTimestamp();
        if (state is not (ContainerState.Leased or ContainerState.HandedOver)) entry.Lease = null;
        if (state is not ContainerState.Live) entry.Info = null;
    }

    /// <summary>A parked container is on its way to a claim, or is parked again.</summary>
    public void Promise(ContainerEntry entry, bool promised)
    {
        UsedBytes -= Weight(entry);
        entry.IsPromised = promised;
        UsedBytes += Weight(entry);
    }

    /// <summary>The container's memory limit is known now.</summary>
    public void Resize(ContainerEntry entry, long bytes)
    {
        if (_entries.GetValueOrDefault(entry.Sandbox) != entry) return;
        UsedBytes -= Weight(entry);
        entry.MemoryBytes = bytes;
        UsedBytes += Weight(entry);
    }

    /// <summary>The container is gone. Repeating it is fine.</summary>
    /// <exception cref="InvalidOperationException">A container in this state must be removed first.</exception>
    public void Remove(ContainerEntry entry)
    {
        if (_entries.GetValueOrDefault(entry.Sandbox) != entry) return;
        Check(entry.Sandbox, entry.State, null, known: false);
        _entries.Remove(entry.Sandbox);
        UsedBytes -= Weight(entry);
    }

    /// <summary>How long the container has been in its state.</summary>
    public TimeSpan Age(ContainerEntry entry) => time.GetElapsedTime(entry.Since);

    private static long Weight(ContainerEntry entry) => entry.IsPromised ? entry.MemoryBytes : Weight(entry.State, entry.MemoryBytes);

    private static void Check(SandboxId sandbox, ContainerState? from, ContainerState? to, bool known)
    {
        if (known || !Allows(from, to)) throw new InvalidOperationException($"The container of sandbox {sandbox} cannot go from {from?.ToString() ?? "none"} to {to?.ToString() ?? "none"}.");
    }
}
