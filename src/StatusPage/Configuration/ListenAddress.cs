using System.Globalization;
using System.Net;
using System.Net.Sockets;
using Microsoft.AspNetCore.Server.Kestrel.Core;

namespace Podflare.Configuration;

/// <summary>An address to listen on, as <c>address:port</c>.</summary>
internal sealed record ListenAddress(IPAddress Address, int Port)
{
    public const string PageVariable = "PODFLARE_STATUS_ADDR";
    public const string AdminVariable = "PODFLARE_STATUS_ADMIN_ADDR";

    public bool IsLoopback => IPAddress.IsLoopback(Address.IsIPv4MappedToIPv6 ? Address.MapToIPv4() : Address);

    public static ListenAddress Parse(string variable, string? text, string otherwise)
    {
        text = string.IsNullOrWhiteSpace(text) ? otherwise : text.Trim();
        var colon = text.LastIndexOf(':');
        var host = colon < 0 ? "" : text[..colon].Replace("localhost", "127.0.0.1", StringComparison.Ordinal);
        var whole = host.StartsWith('[') || host.Count(c => c == '.') == 3;
        if (whole && IPAddress.TryParse(host.Trim('[', ']'), out var address) && ushort.TryParse(text[(colon + 1)..], NumberStyles.None, CultureInfo.InvariantCulture, out var port))
            return new ListenAddress(address, port);
        throw new StartupException($"{variable} is '{text}'; it must be an IP address or localhost, and a port, such as {otherwise}.");
    }

    public void EnsureFree(string variable)
    {
        if (Port == 0) return;
        using var probe = new Socket(Address.AddressFamily, SocketType.Stream, ProtocolType.Tcp);
        try
        {
            probe.Bind(new IPEndPoint(Address, Port));
        }
        catch (SocketException e)
        {
            var why = e.SocketErrorCode == SocketError.AddressAlreadyInUse ? "is in use by another process" : $"cannot be used ({e.SocketErrorCode})";
            throw new StartupException($"The address {this} {why}. Set {variable} to a different one.");
        }
    }

    public void Listen(KestrelServerOptions kestrel, Action<ListenOptions>? configure = null) => kestrel.Listen(Address, Port, options =>
    {
        options.Protocols = HttpProtocols.Http1;
        configure?.Invoke(options);
    });

    public override string ToString() => new IPEndPoint(Address, Port).ToString();
}
