using System.Net;
using System.Net.Sockets;

namespace Podflare.NetSdk.Services;

internal static class Ports
{
    /// <summary>A port that nobody listens on.</summary>
    public static int Free()
    {
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        return ((IPEndPoint)listener.LocalEndpoint).Port;
    }
}
