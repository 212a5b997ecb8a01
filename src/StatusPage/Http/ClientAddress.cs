using System.Net;
using System.Net.Sockets;

namespace Podflare.Http;

internal static class ClientAddress
{
    /// <summary>Who a limit counts: an IPv4 address, or the /64 of an IPv6 one, which is one household or machine.</summary>
    public static string Of(HttpContext context)
    {
        var address = context.Connection.RemoteIpAddress ?? IPAddress.None;
        if (address.IsIPv4MappedToIPv6) address = address.MapToIPv4();
        if (address.AddressFamily != AddressFamily.InterNetworkV6) return address.ToString();
        var bytes = address.GetAddressBytes();
        Array.Clear(bytes, 8, 8);
        return new IPAddress(bytes).ToString();
    }
}
