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

/// <summary>Which silo is the worker of which host, from the metadata that silos carry, and their names.</summary>
public sealed class HostSilos(ISiloMetadataCache metadata, IServiceProvider services)
{
    /// <summary>Metadata key: <c>worker</c>, <c>frontend</c> or <c>all</c>.</summary>
    public const string RoleKey = "role";

    /// <summary>Metadata key: the host's 8 hex digits.</summary>
    public const string HostKey = "host";

    /// <summary>A silo's name: its role and its host, if it has one.</summary>
    public static string NameOf(string role, string? host) => $"{role}-{host}";

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
    private IEnumerable<SiloAddress> ActiveSilos() =>
        services.GetRequiredService<ISiloStatusOracle>().GetApproximateSiloStatuses(onlyActive: true).Keys;

    // Metadata that could not be fetched when a silo joined is not asked for again while membership rests: then the name tells.
    private string? Tag(SiloAddress silo, string key)
    {
        if (metadata.GetSiloMetadata(silo).Metadata.GetValueOrDefault(key) is { } tag) return tag;
        if (!services.GetRequiredService<ISiloStatusOracle>().TryGetSiloName(silo, out var name) || name.Split('-') is not [var role, var host]) return null;
        return key == RoleKey ? role : host.Length > 0 ? host : null;
    }
}
