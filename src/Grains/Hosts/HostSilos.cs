using System.Collections.Concurrent;
using Microsoft.Extensions.DependencyInjection;

namespace Podflare.Hosts;

/// <summary>Which silo is the worker of which host, from the names that silos have.</summary>
/// <remarks>
/// The names are in the membership table, so a silo that knows of another one knows its name. Silo metadata is requested from each silo
/// instead, one after the other; while one of them does not answer, a living host would seem to be away.
/// </remarks>
public sealed class HostSilos(IServiceProvider services, TimeProvider time)
{
    private const char Separator = '-';

    // How long this process had observed the cluster when it last saw each host alive.
    private readonly ConcurrentDictionary<string, long> _seen = new();
    private long _refreshedAt = time.GetTimestamp();
    private long _observedTicks;

    /// <summary>The name of a silo.</summary>
    /// <param name="role"><c>worker</c>, <c>frontend</c> or <c>all</c>.</param>
    /// <param name="host">The host's 8 hex digits; null where it has none.</param>
    public static string NameOf(string role, string? host) => $"{role}{Separator}{host}";

    /// <summary>The host in a silo's name; null where it has none.</summary>
    public static string? HostInName(string siloName) => siloName.Split(Separator).ElementAtOrDefault(1) is { Length: > 0 } host ? host : null;

    /// <summary>The host in a grain key: a sandbox id names it, and the key of a host grain is the host.</summary>
    public static string HostOf(string key) => Sandboxes.SandboxId.TryParse(key, null, out var id) ? id.Host : key;

    public bool IsWorker(SiloAddress silo) => NameOf(silo)?.Split(Separator)[0] is "worker" or "all";

    public string? HostOf(SiloAddress silo) => NameOf(silo) is { } name ? HostInName(name) : null;

    /// <summary>The hosts whose worker is alive, as this silo sees the cluster now.</summary>
    public IReadOnlyList<string> Alive() =>
        [.. ActiveSilos().Where(IsWorker).Select(HostOf).OfType<string>().Distinct()];

    /// <summary>Records who is alive now. Called each second.</summary>
    /// <param name="storeAnswers">
    /// Whether the cluster's store can be reached. Time in which it cannot does not count, because a worker that restarts then cannot join.
    /// </param>
    public void RefreshMembership(bool storeAnswers)
    {
        var now = time.GetTimestamp();
        if (storeAnswers) Interlocked.Add(ref _observedTicks, time.GetElapsedTime(_refreshedAt, now).Ticks);
        _refreshedAt = now;
        foreach (var host in Alive()) _seen[host] = Interlocked.Read(ref _observedTicks);
    }

    /// <summary>
    /// For how long this process has observed the cluster without a living worker of this host. A process that never saw one counts from its
    /// own start. Zero while the host is alive.
    /// </summary>
    public TimeSpan AwayFor(string host) =>
        IsAlive(host) ? TimeSpan.Zero : TimeSpan.FromTicks(Interlocked.Read(ref _observedTicks) - _seen.GetValueOrDefault(host));

    /// <summary>A worker of this host is alive.</summary>
    public bool IsAlive(string host) => FindWorker(host) is not null;

    /// <summary>
    /// The living worker of this host; null while it is away. Of two at one endpoint the newer one, because the older one is its predecessor
    /// that is not yet found dead. Of two at different endpoints the older one: the newer one has a copied host id.
    /// </summary>
    public SiloAddress? FindWorker(string host) => ActiveSilos()
        .Where(silo => IsWorker(silo) && HostOf(silo) == host)
        .GroupBy(silo => silo.Endpoint)
        .Select(group => group.MaxBy(silo => silo.Generation)!)
        .MinBy(silo => silo.Generation);

    /// <summary>Another live silo, at another endpoint, whose name says that it is this host's worker.</summary>
    public SiloAddress? FindRival(string host, SiloAddress self) =>
        ActiveSilos().FirstOrDefault(silo => HostOf(silo) == host && !silo.Endpoint.Equals(self.Endpoint));

    // Resolved late: the status oracle is built from services that need the placement director, which needs this.
    private ISiloStatusOracle Oracle => services.GetRequiredService<ISiloStatusOracle>();

    private IEnumerable<SiloAddress> ActiveSilos() => Oracle.GetApproximateSiloStatuses(onlyActive: true).Keys;

    private string? NameOf(SiloAddress silo) => Oracle.TryGetSiloName(silo, out var name) ? name : null;
}
