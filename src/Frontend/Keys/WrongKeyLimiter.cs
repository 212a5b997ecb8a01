using System.Net;
using System.Net.Sockets;
using System.Threading.RateLimiting;
using Microsoft.Extensions.Options;

namespace Podflare.Keys;

/// <summary>Limits how many wrong keys a client address may try. Right keys from the same address are not affected.</summary>
internal sealed class WrongKeyLimiter : IDisposable
{
    // A host gets a whole /64 of IPv6 addresses.
    private const int NetworkBytes = 8;

    private readonly PartitionedRateLimiter<IPAddress> _limiter;

    public WrongKeyLimiter(IOptions<KeyOptions> options)
    {
        var limits = options.Value;
        _limiter = PartitionedRateLimiter.Create<IPAddress, IPAddress>(address => RateLimitPartition.GetTokenBucketLimiter(NetworkOf(address), _ => new TokenBucketRateLimiterOptions
        {
            TokenLimit = limits.WrongBurst,
            TokensPerPeriod = limits.WrongPerSecond,
            ReplenishmentPeriod = TimeSpan.FromSeconds(1),
            QueueLimit = 0,
        }));
    }

    /// <summary>Counts a wrong key.</summary>
    /// <returns>False when the address has sent too many.</returns>
    public bool TryFail(IPAddress? address)
    {
        using var lease = _limiter.AttemptAcquire(address ?? IPAddress.None);
        return lease.IsAcquired;
    }

    public void Dispose() => _limiter.Dispose();

    private static IPAddress NetworkOf(IPAddress address)
    {
        if (address.IsIPv4MappedToIPv6) return address.MapToIPv4();
        if (address.AddressFamily is not AddressFamily.InterNetworkV6) return address;
        Span<byte> bytes = stackalloc byte[16];
        address.TryWriteBytes(bytes, out _);
        bytes[NetworkBytes..].Clear();
        return new IPAddress(bytes);
    }
}
