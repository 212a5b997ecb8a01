using System.Net;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;
using Orleans.Configuration;
using StackExchange.Redis;

namespace Podflare.Hosting;

/// <summary>The name and the addresses of this silo.</summary>
/// <remarks>
/// Orleans takes the generation of a silo's address from the clock, and takes a silo for dead when the membership table has one with a later
/// generation at the same endpoint. A process whose clock was set back since the start of its predecessor could not join until the clock had caught up.
/// So the last generation of each endpoint is kept in Redis.
/// </remarks>
public sealed partial class LocalSilo : ILocalSiloDetails
{
    // The membership table forgets a dead silo much earlier.
    private static readonly TimeSpan Memory = TimeSpan.FromDays(7);

    private readonly Lazy<SiloAddress> _address;

    public LocalSilo(
        IOptions<SiloOptions> silo, IOptions<ClusterOptions> cluster, IOptions<EndpointOptions> endpoints, IConnectionMultiplexer redis, ILogger<LocalSilo> logger)
    {
        (Name, ClusterId) = (silo.Value.SiloName, cluster.Value.ClusterId);
        var (address, port, gateway) = (endpoints.Value.AdvertisedIPAddress, endpoints.Value.SiloPort, endpoints.Value.GatewayPort);
        _address = new Lazy<SiloAddress>(() => SiloAddress.New(address, port, ChooseGeneration(redis, new IPEndPoint(address, port), logger)));
        GatewayAddress = gateway != 0 ? SiloAddress.New(address, gateway, 0) : null!;
    }

    public string Name { get; }

    public string ClusterId { get; }

    public string DnsHostName { get; } = Dns.GetHostName();

    public SiloAddress SiloAddress => _address.Value;

    public SiloAddress GatewayAddress { get; }

    /// <summary>A generation that is later than that of every earlier silo at this endpoint.</summary>
    /// <param name="now">The generation according to the clock.</param>
    internal static int ChooseGeneration(IDatabase redis, string cluster, IPEndPoint endpoint, int now)
    {
        RedisKey key = $"podflare:{{{cluster}}}:generation:{endpoint}";
        var generation = redis.StringGet(key).TryParse(out int last) ? Math.Max(now, last + 1) : now;
        redis.StringSet(key, generation, Memory);
        return generation;
    }

    // Not asynchronous, because Orleans asks for the address while it is being constructed.
    private int ChooseGeneration(IConnectionMultiplexer redis, IPEndPoint endpoint, ILogger logger)
    {
        var now = SiloAddress.AllocateNewGeneration();
        try
        {
            return ChooseGeneration(redis.GetDatabase(), ClusterId, endpoint, now);
        }
        catch (Exception e) when (e is RedisException or TimeoutException)
        {
            LogFromClock(logger, e.Message);
            return now;
        }
    }

    [LoggerMessage(LogLevel.Warning, "Redis did not answer about earlier silos at this address; the generation of this one is that of the clock: {Reason}")]
    private static partial void LogFromClock(ILogger logger, string reason);
}
