using System.Collections.Concurrent;
using Microsoft.Extensions.DependencyInjection;
using Orleans.Placement;
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
        // The owner is taken from membership alone: what grains a silo has is asked of each silo, and may be known a while later.
        if (silos.FindWorker(HostSilos.HostOf(target.GrainIdentity.Key.ToString()!)) is { } owner) return Task.FromResult(owner);
        var workers = context.GetCompatibleSilos(target).Where(silos.IsWorker).ToArray();
        return workers.Length > 0
            ? Task.FromResult(workers[Random.Shared.Next(workers.Length)])
            : throw new SiloUnavailableException("No worker is in the cluster.");
    }
}

/// <summary>Which silo is the worker of which host, from the names that silos carry.</summary>
/// <remarks>
/// A name is in the membership table: whoever knows that a silo is there knows it. Silo metadata is asked of each silo instead, one after
/// the other; while one of them does not answer, a living host would pass for one that is away.
/// </remarks>
public sealed class HostSilos(IServiceProvider services, TimeProvider time)
{
    private const char Separator = '-';

    private readonly ConcurrentDictionary<string, DateTimeOffset> _seen = new();
    private readonly DateTimeOffset _since = time.GetUtcNow();

    /// <summary>The name of a silo.</summary>
    /// <param name="role"><c>worker</c>, <c>frontend</c> or <c>all</c>.</param>
    /// <param name="host">The host's 8 hex digits; null where it has none.</param>
    public static string NameOf(string role, string? host) => $"{role}{Separator}{host}";

    /// <summary>The host in a grain key: a sandbox id names it, a host grain's key is it.</summary>
    public static string HostOf(string key) => Sandboxes.SandboxId.TryParse(key, null, out var id) ? id.Host : key;

    public bool IsWorker(SiloAddress silo) => Part(silo, 0) is "worker" or "all";

    public string? HostOf(SiloAddress silo) => Part(silo, 1) is { Length: > 0 } host ? host : null;

    /// <summary>The hosts whose worker is alive, as this silo sees the cluster now.</summary>
    public IReadOnlyList<string> Alive() =>
        [.. ActiveSilos().Where(IsWorker).Select(HostOf).OfType<string>().Distinct()];

    /// <summary>Remembers who is alive now; called each second.</summary>
    public void RefreshMembership()
    {
        foreach (var host in Alive()) _seen[host] = time.GetUtcNow();
    }

    /// <summary>
    /// When this process last saw a worker of this host alive; if it never did, when it began to look. What the host itself has stored may
    /// be older: the store may have been away, or the host's start under way.
    /// </summary>
    public DateTimeOffset LastAlive(string host) => _seen.GetValueOrDefault(host, _since);

    /// <summary>A worker of this host is alive.</summary>
    public bool IsAlive(string host) => FindWorker(host) is not null;

    /// <summary>The living worker of this host; null while it is away. While an old one is not yet found dead, the newer one.</summary>
    public SiloAddress? FindWorker(string host) =>
        ActiveSilos().Where(silo => IsWorker(silo) && HostOf(silo) == host).MaxBy(silo => silo.Generation);

    /// <summary>Another live silo, at another endpoint, that says it is this host's worker.</summary>
    public SiloAddress? FindRival(string host, SiloAddress self) =>
        ActiveSilos().FirstOrDefault(silo => HostOf(silo) == host && !silo.Endpoint.Equals(self.Endpoint));

    // Resolved late: the status oracle is built from services that need the placement director, which needs us.
    private ISiloStatusOracle Oracle => services.GetRequiredService<ISiloStatusOracle>();

    private IEnumerable<SiloAddress> ActiveSilos() => Oracle.GetApproximateSiloStatuses(onlyActive: true).Keys;

    private string? Part(SiloAddress silo, int index) =>
        Oracle.TryGetSiloName(silo, out var name) ? name.Split(Separator).ElementAtOrDefault(index) : null;
}
