using Podflare.Sandboxes;

namespace Podflare.Hosts;

/// <summary>One container in the ledger of its host.</summary>
internal sealed class ContainerEntry(SandboxId sandbox, ContainerState state, long memoryBytes)
{
    public SandboxId Sandbox { get; } = sandbox;

    /// <summary>Changed by the ledger alone.</summary>
    public ContainerState State { get; internal set; } = state;

    /// <summary>Its memory limit.</summary>
    public long MemoryBytes { get; internal set; } = memoryBytes;

    /// <summary>The engine's id; null while the container is being created, and where only the host's record knows the sandbox.</summary>
    public string? ContainerId { get; set; }

    /// <summary>What the sandbox gets when it comes for the container: set while it is leased or handed over.</summary>
    public LeasedContainer? Lease { get; set; }

    /// <summary>Timestamp of the moment at which it came into this state.</summary>
    public long Since { get; internal set; }

    /// <summary>What its sandbox last reported: set while it is live.</summary>
    public SandboxInfo? Info { get; set; }

    /// <summary>Timestamp since which the engine's lists do not have it; null while they do.</summary>
    public long? MissingSince { get; set; }

    /// <summary>Its adoption or removal is under way; without it, the next sweep tries again.</summary>
    public bool InProgress { get; set; }

    /// <summary>It is parked, and on its way to a claim: it counts its whole limit. Changed by the ledger alone.</summary>
    public bool IsPromised { get; internal set; }

    /// <summary>It makes room for claims of another kind.</summary>
    public bool Evicted { get; set; }
}
