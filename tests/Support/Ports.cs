using System.Net;
using System.Net.Sockets;
using System.Security.Cryptography;

namespace Podflare;

/// <summary>
/// Ports on which nobody listens. They lie below those that the kernel gives to outgoing connections: other tests connect all the time, and would take such
/// a port before a service listens on it.
/// </summary>
internal static class Ports
{
    private const int First = 20_000;
    private const int Count = 12_000;

    private static int _next = RandomNumberGenerator.GetInt32(Count);

    /// <summary>A port that this process has not handed out before.</summary>
    public static int Free()
    {
        while (true)
        {
            var port = First + (int)((uint)Interlocked.Increment(ref _next) % Count);
            if (IsFree(port)) return port;
        }
    }

    private static bool IsFree(int port)
    {
        try
        {
            using var listener = new TcpListener(IPAddress.Loopback, port);
            listener.Start();
            return true;
        }
        catch (SocketException e) when (e.SocketErrorCode is SocketError.AddressAlreadyInUse)
        {
            return false;
        }
    }
}
