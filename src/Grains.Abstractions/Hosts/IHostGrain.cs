using System.Collections.Immutable;
using Orleans.Concurrency;
using Podflare.Sandboxes;
using Podflare.Tenants;
using Podflare.Traffic;

namespace Podflare.Hosts;

/// <summary>One container host: its warm pool, capacity, sweep and list of sandboxes. Key: the host's 8 hex digits.</summary>
[Alias("podflare.IHostGrain")]
public interface IHostGrain : IGrainWithStringKey
{
    /// <summary>Takes a parked container, or starts one, and leases its sandbox id for 30 s. No two claims get the same one.</summary>
    /// <param name="tenant">Tenants take turns where claims have to wait.</param>
    /// <param name="wait">How long the claim may wait for room and for its start to begin; zero takes only what can begin now.</param>
    /// <exception cref="NoCapacityException">No room within <paramref name="wait"/>, or too many wait.</exception>
    /// <exception cref="TemplateNotFoundException">This host has no such template.</exception>
    /// <exception cref="ContainerStartException">The engine or the image refused; nothing is left.</exception>
    [AlwaysInterleave, Alias("Claim")]
    Task<SandboxId> Claim(TenantId tenant, SandboxSpec spec, TimeSpan wait, CancellationToken cancellationToken = default);

    /// <summary>Hands the leased container to its sandbox grain, once.</summary>
    /// <returns>The container, or null when there is no living lease.</returns>
    [AlwaysInterleave, Alias("TakeLease")]
    Task<LeasedContainer?> TakeLease(SandboxId sandbox);

    /// <summary>How full this host is.</summary>
    [AlwaysInterleave, Alias("Load")]
    Task<HostLoad> Load();

    /// <summary>Decides whether the host accepts new sandboxes. It is stored when this returns, about a second later.</summary>
    /// <exception cref="SandboxUnreachableException">The host is away, or does not know its sandboxes yet.</exception>
    /// <exception cref="StorageUnavailableException">It could not be stored in time. The host follows it all the same, until its worker starts anew.</exception>
    [AlwaysInterleave, Alias("SetMode")]
    Task SetMode(HostMode mode);

    /// <summary>What this host does for one tenant.</summary>
    [AlwaysInterleave, Alias("Traffic")]
    Task<HostTraffic> GetTraffic(TenantId tenant);

    /// <summary>This host's sandboxes of one tenant, newest first.</summary>
    [AlwaysInterleave, Alias("List")]
    Task<IReadOnlyList<SandboxInfo>> List(TenantId tenant, SandboxFilter filter);

    /// <summary>How many sandboxes of one tenant pass a filter, whatever page of them it asks for.</summary>
    [AlwaysInterleave, Alias("Count")]
    Task<SandboxCount> Count(TenantId tenant, SandboxFilter filter);

    /// <summary>This host's sandboxes of one tenant, with those that are being created.</summary>
    /// <exception cref="SandboxUnreachableException">The host does not know its sandboxes yet.</exception>
    [AlwaysInterleave, Alias("Holdings")]
    Task<HostHoldings> Holdings(TenantId tenant);

    /// <summary>A sandbox of this host changed.</summary>
    [AlwaysInterleave, Alias("Report")]
    Task Report(SandboxInfo sandbox);

    /// <summary>The sandbox has ended: its container can be removed.</summary>
    [AlwaysInterleave, Alias("Release")]
    Task Release(SandboxId sandbox, string containerId);

    /// <summary>Called by the host's own worker when it starts: list containers, adopt, sweep.</summary>
    /// <returns>True when this activation lives on a worker of its host; false on a foreign one, which then steps down.</returns>
    [AlwaysInterleave, Alias("Start")]
    Task<bool> Start();

    /// <summary>Called by the host's own worker when it stops: no more claims, and the parked containers are removed (option: 10 s at most).</summary>
    /// <param name="silo">The caller's silo address. Only the silo on which the host lives can retire it.</param>
    [AlwaysInterleave, Alias("RetireSilo")]
    Task Retire(string silo);
}

/// <summary>A container whose guest is ready, on its way to become a sandbox.</summary>
[GenerateSerializer, Immutable, Alias("podflare.LeasedContainer")]
public sealed record LeasedContainer([property: Id(0)] string ContainerId, [property: Id(1)] string Boot);

/// <summary>How many sandboxes a host has found.</summary>
[GenerateSerializer, Immutable, Alias("podflare.SandboxCount")]
public sealed record SandboxCount([property: Id(0)] int Total);

/// <summary>How full a host is.</summary>
/// <param name="Sandboxes">Containers that live or are being started, without the parked ones, which make room.</param>
/// <param name="Slots">The most that it takes.</param>
/// <param name="Draining">It takes no new sandbox.</param>
[GenerateSerializer, Immutable, Alias("podflare.HostLoad")]
public sealed record HostLoad(
    [property: Id(0)] int Sandboxes,
    [property: Id(1)] int Slots,
    [property: Id(2)] bool Draining)
{
    /// <summary>Ready containers that nobody has claimed, by template.</summary>
    [Id(3)] public ImmutableDictionary<string, int> Parked { get; init; } = ImmutableDictionary<string, int>.Empty;

    /// <summary>Claims that wait.</summary>
    [Id(4)] public int Waiting { get; init; }

    /// <summary>Part of the memory it may promise that is promised to sandboxes.</summary>
    [Id(5)] public double MemoryUsed { get; init; }

    /// <summary>Why it should get no new sandbox, as a phrase for an operator; null when it is well.</summary>
    [Id(6)] public string? Problem { get; init; }

    /// <summary>Starts of containers that failed since the last one that succeeded.</summary>
    [Id(7)] public int FailuresInRow { get; init; }

    /// <summary>Time since the container engine last answered.</summary>
    [Id(8)] public TimeSpan EngineSilence { get; init; }

    /// <summary>Bytes that are free on the disk of the run folder.</summary>
    [Id(9)] public long FreeBytes { get; init; }

    /// <summary>Containers whose sandbox could not be adopted, for an operator to look at.</summary>
    [Id(10)] public int SetAside { get; init; }

    /// <summary>The version of its worker.</summary>
    [Id(11)] public string Version { get; init; } = "";

    /// <summary>The layers around its sandboxes; null until they have been probed.</summary>
    [Id(12)] public HostIsolation? Isolation { get; init; }

    /// <summary>How many times its memory it promises to sandboxes; 0 from a worker that does not report it.</summary>
    [Id(13)] public double Overcommit { get; init; }

    /// <summary>Sum of the memory limits of sandboxes that it accepts, in bytes.</summary>
    [Id(14)] public long MemoryBytes { get; init; }

    /// <summary>The name of its machine.</summary>
    [Id(15)] public string Name { get; init; } = "";

    /// <summary>How many ready containers it keeps, by template; empty from a worker that does not report it.</summary>
    [Id(16)] public ImmutableDictionary<string, PoolBounds> Pools { get; init; } = ImmutableDictionary<string, PoolBounds>.Empty;

    /// <summary>Whether its operator lets it accept new sandboxes.</summary>
    [Id(17)] public HostMode Mode { get; init; }
}

/// <summary>How many ready containers of a template a host keeps.</summary>
/// <param name="Min">Kept without any demand.</param>
/// <param name="Max">The most under demand.</param>
[GenerateSerializer, Immutable, Alias("podflare.PoolBounds")]
public readonly record struct PoolBounds([property: Id(0)] int Min, [property: Id(1)] int Max);

/// <summary>A page of a list: filters, size, and the last item of the page before.</summary>
/// <param name="State">Only sandboxes in this state; null for all that have not ended.</param>
/// <param name="Metadata">Pairs that a sandbox must carry, all of them.</param>
/// <param name="BeforeTime">With <paramref name="BeforeId"/>: only sandboxes that come after this pair in the order newest first.</param>
[GenerateSerializer, Immutable, Alias("podflare.SandboxFilter")]
public sealed record SandboxFilter(
    [property: Id(0)] SandboxState? State,
    [property: Id(1)] ImmutableSortedDictionary<string, string> Metadata,
    [property: Id(2)] int Limit,
    [property: Id(3)] DateTimeOffset? BeforeTime,
    [property: Id(4)] string? BeforeId)
{
    /// <summary>Oldest first; <see cref="BeforeTime"/> and <see cref="BeforeId"/> then name the pair after which the page begins in that order.</summary>
    [Id(5)]
    public bool OldestFirst { get; init; }

    /// <summary>Only sandboxes that were created after this moment.</summary>
    [Id(6)]
    public DateTimeOffset? CreatedAfter { get; init; }

    /// <summary>Only sandboxes of this template.</summary>
    [Id(7)]
    public string? Template { get; init; }
}
