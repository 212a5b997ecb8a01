using System.Globalization;
using System.Net;
using System.Net.Sockets;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Podflare.Processes;

namespace Podflare.Http;

/// <summary>Where the API listens: <c>PODFLARE_HOSTD_ADDR</c>.</summary>
/// <param name="Address">Null for <c>localhost</c>, which is both loopback addresses.</param>
internal sealed record ListenAddress(IPAddress? Address, int Port)
{
    public const string Variable = "PODFLARE_HOSTD_ADDR";
    public const string Default = "127.0.0.1:7070";

    /// <summary>Nobody outside this machine can reach it.</summary>
    public bool IsLoopback => Address is null || IPAddress.IsLoopback(Address.IsIPv4MappedToIPv6 ? Address.MapToIPv4() : Address);

    /// <summary>Reads <c>address:port</c>. A name other than localhost is refused: what it resolves to decides whether keys are needed.</summary>
    public static ListenAddress Parse(string? text)
    {
        text = string.IsNullOrWhiteSpace(text) ? Default : text.Trim();
        var colon = text.LastIndexOf(':');
        if (colon < 0 || !ushort.TryParse(text.AsSpan(colon + 1), NumberStyles.None, CultureInfo.InvariantCulture, out var port))
            throw Unreadable(text);
        var host = text[..colon];
        if (host == "localhost" && port > 0) return new ListenAddress(null, port);
        return ParseIp(host) is { } address ? new ListenAddress(address, port) : throw Unreadable(text);
    }

    private static IPAddress? ParseIp(string host)
    {
        var bracketed = host.StartsWith('[') && host.EndsWith(']');
        if (!IPAddress.TryParse(bracketed ? host[1..^1] : host, out var address)) return null;
        // "1" and "127.1" are IPv4 addresses to the parser; here they are typing errors.
        var isQuad = address.AddressFamily == AddressFamily.InterNetwork && host.Count(c => c == '.') == 3;
        return bracketed == (address.AddressFamily == AddressFamily.InterNetworkV6) && (bracketed || isQuad) ? address : null;
    }

    private static StartUpException Unreadable(string text) => new(
        $"{Variable} is '{text}'; it must be an IP address or localhost, and a port, as in {Default} or [::1]:7070.");

    /// <summary>Fails before the process joins the cluster when another one has the port.</summary>
    public void ThrowIfInUse()
    {
        if (Port == 0) return;
        var address = Address ?? IPAddress.Loopback;
        using var probe = new Socket(address.AddressFamily, SocketType.Stream, ProtocolType.Tcp);
        try
        {
            probe.Bind(new IPEndPoint(address, Port));
        }
        catch (SocketException e)
        {
            var why = e.SocketErrorCode == SocketError.AddressAlreadyInUse ? "is in use by another process" : $"cannot be used ({e.SocketErrorCode})";
            throw new StartUpException($"the address {this} {why}; set {Variable} to another one.");
        }
    }

    public void Listen(KestrelServerOptions kestrel)
    {
        // Without TLS a browser or client never negotiates HTTP/2, and slow readers are then a matter of one connection each.
        if (Address is null) kestrel.ListenLocalhost(Port, http => http.Protocols = HttpProtocols.Http1);
        else kestrel.Listen(Address, Port, http => http.Protocols = HttpProtocols.Http1);
    }

    public override string ToString() => Address is null ? $"localhost:{Port}" : new IPEndPoint(Address, Port).ToString();
}
