using System.Net;
using System.Net.Sockets;
using Podflare.Processes;
using StackExchange.Redis;

namespace Podflare.Hosting;

/// <summary>The address at which other silos reach this one.</summary>
internal static class AdvertisedAddress
{
    private const string Setting = "Podflare:AdvertisedAddress";

    /// <param name="setting">An IP address, or <c>auto</c>: the local address from which this machine reaches Redis, which all silos share.</param>
    /// <param name="redis">The connection string.</param>
    /// <exception cref="StartUpException">The setting is not valid, or no address can be found.</exception>
    public static IPAddress Resolve(string setting, string redis)
    {
        if (setting != "auto") return IPAddress.TryParse(setting, out var address) ? address : throw new StartUpException($"{Setting} must be an IP address or 'auto', not '{setting}'.");
        foreach (var endpoint in ConfigurationOptions.Parse(redis).EndPoints)
        {
            if (LocalAddressTowards(endpoint) is { } local) return local;
        }

        throw new StartUpException($"{Setting} is auto, but no route leads to Redis. Set the address of this machine.");
    }

    // Connecting a datagram socket sends nothing: it only asks the kernel for the route.
    private static IPAddress? LocalAddressTowards(EndPoint redis)
    {
        try
        {
            var target = redis switch
            {
                IPEndPoint ip => ip,
                DnsEndPoint dns => new IPEndPoint(Dns.GetHostAddresses(dns.Host, AddressFamily.InterNetwork)[0], dns.Port),
                _ => null,
            };
            if (target is null) return null;
            using var socket = new Socket(target.AddressFamily, SocketType.Dgram, ProtocolType.Udp);
            socket.Connect(target);
            return ((IPEndPoint)socket.LocalEndPoint!).Address;
        }
        catch (Exception e) when (e is SocketException or IndexOutOfRangeException)
        {
            return null;
        }
    }
}
