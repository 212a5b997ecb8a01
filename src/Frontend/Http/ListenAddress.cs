using System.Globalization;
using System.Net;
using System.Net.Sockets;
using Microsoft.AspNetCore.Connections;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Podflare.Processes;

namespace Podflare.Http;

/// <summary>Where the API listens: <c>PODFLARE_HOSTD_ADDR</c>.</summary>
/// <param name="Address">Null for <c>localhost</c>, which is both loopback addresses.</param>
internal sealed record ListenAddress(IPAddress? Address, int Port)
{
    public const string Variable = "PODFLARE_HOSTD_ADDR";
    public const string Default = "127.0.0.1:7070";

    /// <summary>Whether only this machine can connect.</summary>
    public bool IsLoopback => Address is null || IPAddress.IsLoopback(Address.IsIPv4MappedToIPv6 ? Address.MapToIPv4() : Address);

    /// <summary>Reads <c>address:port</c>. A host name other than localhost is refused, because whether keys are needed would depend on what it resolves to.</summary>
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
        // The parser accepts "1" and "127.1" as IPv4 addresses; here they are typing errors.
        var isQuad = address.AddressFamily == AddressFamily.InterNetwork && host.Count(c => c == '.') == 3;
        return bracketed == (address.AddressFamily == AddressFamily.InterNetworkV6) && (bracketed || isQuad) ? address : null;
    }

    private static StartUpException Unreadable(string text) => new(
        $"{Variable} is '{text}'; it must be an IP address or localhost, followed by a port, as in {Default} or [::1]:7070.");

    /// <summary>Fails before the process joins the cluster if another process uses the port.</summary>
    /// <exception cref="StartUpException">The address cannot be used.</exception>
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
            throw new StartUpException($"the address {this} {why}; set {Variable} to another address.");
        }
    }

    /// <param name="middleware">Sees every connection before HTTP does.</param>
    /// <param name="secure">Adds TLS; null for plain HTTP.</param>
    public void Listen(KestrelServerOptions kestrel, Func<ConnectionDelegate, ConnectionDelegate> middleware, Action<ListenOptions>? secure = null)
    {
        // With HTTP/1.1 a slow reader holds up its own connection only.
        if (Address is null) kestrel.ListenLocalhost(Port, Configure);
        else kestrel.Listen(Address, Port, Configure);

        void Configure(ListenOptions http)
        {
            http.Protocols = HttpProtocols.Http1;
            secure?.Invoke(http);
            http.Use(middleware);
        }
    }

    public override string ToString() => Address is null ? $"localhost:{Port}" : new IPEndPoint(Address, Port).ToString();
}
