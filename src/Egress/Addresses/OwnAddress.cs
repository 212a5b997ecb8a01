using System.Net;
using System.Net.Sockets;

namespace Podflare.EgressProxy.Addresses;

/// <summary>Recognizes the addresses of this host, which sandboxes must not reach whatever range they are from.</summary>
internal static class OwnAddress
{
    private const int AnyPort = 443;

    /// <summary>Whether packets to an address would stay on this host. Nothing is sent.</summary>
    public static bool IsOwn(IPAddress address)
    {
        try
        {
            // To a local address, the kernel sends from that address itself.
            using var probe = new Socket(address.AddressFamily, SocketType.Dgram, ProtocolType.Udp);
            probe.Connect(new IPEndPoint(address, AnyPort));
            return address.Equals(((IPEndPoint)probe.LocalEndPoint!).Address);
        }
        catch (SocketException)
        {
            // There is no route to it, so dialing it fails too.
            return false;
        }
    }
}
