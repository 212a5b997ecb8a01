using System.Net;
using System.Net.Sockets;

namespace Podflare.EgressProxy.Addresses;

/// <summary>Tells addresses of the public internet from all others.</summary>
internal static class PublicAddress
{
    // IANA's registry of special IPv4 addresses, and the one address of a cloud's metadata service that looks public (168.63.129.16).
    private static readonly IPNetwork[] SpecialV4 =
    [
        .. new[]
        {
            "0.0.0.0/8", "10.0.0.0/8", "100.64.0.0/10", "127.0.0.0/8", "168.63.129.16/32", "169.254.0.0/16", "172.16.0.0/12", "192.0.0.0/24", "192.0.2.0/24",
            "192.88.99.0/24", "192.168.0.0/16", "198.18.0.0/15", "198.51.100.0/24", "203.0.113.0/24", "224.0.0.0/4", "240.0.0.0/4",
        }.Select(IPNetwork.Parse),
    ];

    // All of IPv6 that is assigned for public use. Mapped, translated (NAT64), unique local, link-local and multicast addresses are outside.
    private static readonly IPNetwork GlobalV6 = IPNetwork.Parse("2000::/3");

    // Within it: protocol assignments with Teredo and ORCHID, two ranges for documentation, and 6to4, which carries an IPv4 address.
    private static readonly IPNetwork[] SpecialV6 = [.. new[] { "2001::/23", "2001:db8::/32", "2002::/16", "3fff::/20" }.Select(IPNetwork.Parse)];

    /// <summary>Whether an address is a single host of the public internet. Every address that stands for an IPv4 address within IPv6 is not.</summary>
    public static bool IsPublic(IPAddress address) => address.AddressFamily switch
    {
        AddressFamily.InterNetwork => !Array.Exists(SpecialV4, range => range.Contains(address)),
        // IPNetwork would compare a mapped address as the IPv4 address that it carries.
        AddressFamily.InterNetworkV6 => !address.IsIPv4MappedToIPv6 && address.ScopeId == 0 && GlobalV6.Contains(address) && !Array.Exists(SpecialV6, range => range.Contains(address)),
        _ => false,
    };
}
