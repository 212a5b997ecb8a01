using System.Net;
using System.Net.Sockets;

namespace Podflare.Http;

internal static class ClientAddress
{
    /// <summary>Returns the key for limits per client: the IPv4 address, or the /64 prefix of an IPv6 address, which usually is one household or machine.</summary>
    public static string GetLimitKey(HttpContext context)
    {
        var address = context.Connection.RemoteIpAddress ?? IPAddress.None;
        if (address.IsIPv4MappedToIPv6) address = address.MapToIPv4();
        if (address.AddressFamily != AddressFamily.InterNetworkV6) return address.ToString();
        var bytes = address.GetAddressBytes();
        Array.Clear(bytes, 8, 8);
        return new IPAddress(bytes).ToString();
    }
}
