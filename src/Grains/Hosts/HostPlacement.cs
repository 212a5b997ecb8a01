using Microsoft.Extensions.DependencyInjection;
using Orleans.Metadata;
using Orleans.Placement;
using Orleans.Runtime.MembershipService.SiloMetadata;
using Orleans.Runtime.Placement;

namespace Podflare.Hosts;

/// <summary>Puts a grain on the live worker of the host that its key names; where there is none, on any worker.</summary>
[GenerateSerializer, Immutable, Alias("podflare.HostPlacement")]
public sealed class HostPlacement : PlacementStrategy;

[AttributeUsage(AttributeTargets.Class)]
public sealed class HostPlacementAttribute() : PlacementAttribute(new HostPlacement());

/// <summary>The director behind <see cref="HostPlacement"/>.</summary>
public sealed class HostPlacementDirector(HostSilos silos) : IPlacementDirector
{
    public Task<SiloAddress> OnAddActivation(PlacementStrategy strategy, PlacementTarget target, IPlacementContext context)
    {
        var host = HostSilos.HostOf(target.GrainIdentity.Key.ToString()!);
        var workers = context.GetCompatibleSilos(target).Where(silos.IsWorker).ToArray();
        if (workers.Length == 0) throw new SiloUnavailableException("No worker is in the cluster.");
        var owner = Array.Find(workers, silo => silos.HostOf(silo) == host);
        return Task.FromResult(owner ?? workers[Random.Shared.Next(workers.Length)]);
    }
}

/// <summary>Which silo is the worker of which host, from the metadata that silos carry.</summary>
public sealed class HostSilos(ISiloMetadataCache metadata, IServiceProvider services)
{
    /// <summary>Metadata key: <c>worker</c>, <c>frontend</c> or <c>all</c>.</summary>
    public const string RoleKey = "role";

    /// <summary>Metadata key: the host's 8 hex digits.</summary>
    public const string HostKey = "host";

    /// <summary>The host in a grain key: a sandbox id names it, a host grain's key is it.</summary>
    public static string HostOf(string key) => Sandboxes.SandboxId.TryParse(key, null, out var id) ? id.Host : key;

    public bool IsWorker(SiloAddress silo) => Tag(silo, RoleKey) is "worker" or "all";

    public string? HostOf(SiloAddress silo) => Tag(silo, HostKey);

    /// <summary>The hosts whose worker is alive, as this silo sees the cluster now.</summary>
    public IReadOnlyList<string> Alive() =>
        [.. ActiveSilos().Where(IsWorker).Select(HostOf).OfType<string>().Distinct()];

    /// <summary>A worker of this host is alive.</summary>
    public bool IsAlive(string host) => ActiveSilos().Any(silo => IsWorker(silo) && HostOf(silo) == host);

    /// <summary>Another live silo, at another endpoint, that says it is this host's worker.</summary>
    public SiloAddress? FindRival(string host, SiloAddress self) =>
        ActiveSilos().FirstOrDefault(silo => HostOf(silo) == host && !silo.Endpoint.Equals(self.Endpoint));

    // Resolved late: the status oracle is built from services that need the placement director, which needs us.
    private ISiloStatusOracle Members => services.GetRequiredService<ISiloStatusOracle>();

    private IEnumerable<SiloAddress> ActiveSilos() => Members.GetApproximateSiloStatuses(onlyActive: true).Keys;

    // Metadata is asked of each silo once. Where that failed, as it can while two silos start at a time, it is missing for minutes or for
    // good, and an orphan would never learn that its host is back. The name comes with the membership itself.
    private string? Tag(SiloAddress silo, string key) =>
        metadata.GetSiloMetadata(silo).Metadata.GetValueOrDefault(key) ?? (Members.TryGetSiloName(silo, out var name) ? SiloName.Tag(name, key) : null);
}
