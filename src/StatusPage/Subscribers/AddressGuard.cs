using System.Net;
using System.Net.Sockets;
using Microsoft.Extensions.Options;

namespace Podflare.Subscribers;

/// <summary>Prevents webhooks from reaching internal addresses (server-side request forgery).</summary>
internal sealed class AddressGuard(IOptions<WebhookOptions> options)
{
    private static readonly IPNetwork[] NotPublic4 =
    [
        .. new[]
        {
            "0.0.0.0/8", "10.0.0.0/8", "100.64.0.0/10", "127.0.0.0/8", "169.254.0.0/16", "172.16.0.0/12", "192.0.0.0/24", "192.0.2.0/24", "192.88.99.0/24",
            "192.168.0.0/16", "198.18.0.0/15", "198.51.100.0/24", "203.0.113.0/24", "224.0.0.0/4", "240.0.0.0/4",
        }.Select(n => IPNetwork.Parse(n)),
    ];

    private static readonly IPNetwork Global6 = IPNetwork.Parse("2000::/3");

    private static readonly IPNetwork[] NotPublic6 = [IPNetwork.Parse("2001::/23"), IPNetwork.Parse("2001:db8::/32"), IPNetwork.Parse("2002::/16"), IPNetwork.Parse("3fff::/20")];

    private readonly HashSet<IPAddress> _allowed =
        [.. options.Value.AllowedAddresses.Split(',', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries).Select(IPAddress.Parse)];

    /// <summary>Resolves a name to its addresses.</summary>
    public Func<string, CancellationToken, Task<IPAddress[]>> Resolve { get; init; } = Dns.GetHostAddressesAsync;

    /// <summary>Whether the address is on the public internet, and not an internal one behind a mapping or tunnel.</summary>
    public static bool IsPublic(IPAddress address)
    {
        if (address.IsIPv4MappedToIPv6) address = address.MapToIPv4();
        return address.AddressFamily == AddressFamily.InterNetwork
            ? !Array.Exists(NotPublic4, n => n.Contains(address))
            : Global6.Contains(address) && !Array.Exists(NotPublic6, n => n.Contains(address));
    }

    public bool Allows(IPAddress address) => IsPublic(address) || _allowed.Contains(address);

    /// <summary>Returns what is wrong with an address, or null if it is valid. A name is resolved only when it is called.</summary>
    public string? Validate(string? text, out Uri? uri)
    {
        uri = null;
        if (string.IsNullOrWhiteSpace(text)) return "Enter the address of your webhook.";
        if (text.Length > 1000 || text.Any(char.IsControl) || !Uri.TryCreate(text.Trim(), UriKind.Absolute, out var parsed)) return "This is not a valid web address.";
        if (parsed.Scheme != "https" && !(options.Value.AllowHttp && parsed.Scheme == "http")) return "The address must start with https://.";
        if (parsed.UserInfo.Length > 0) return "The address must not contain a user name or password.";
        if (parsed.Host.Length == 0) return "This is not a valid web address.";
        var literal = IPAddress.TryParse(parsed.IdnHost.Trim('[', ']'), out var address);
        if ((literal && !Allows(address!)) || parsed.IdnHost.TrimEnd('.').Equals("localhost", StringComparison.OrdinalIgnoreCase)) return "This address is not on the public internet.";
        uri = parsed;
        return null;
    }

    /// <summary>Resolves the name once, checks every address, and connects to exactly those, so that a different DNS answer later has no effect.</summary>
    public async ValueTask<Stream> ConnectAsync(SocketsHttpConnectionContext context, CancellationToken cancellationToken)
    {
        var all = await Resolve(context.DnsEndPoint.Host, cancellationToken);
        return await ConnectAsync(all, context.DnsEndPoint.Port, cancellationToken);
    }

    /// <exception cref="AddressNotAllowedException">The name has no address, or one that is not allowed.</exception>
    private async ValueTask<Stream> ConnectAsync(IPAddress[] addresses, int port, CancellationToken cancellationToken)
    {
        if (addresses.Length == 0 || Array.Exists(addresses, a => !Allows(a))) throw new AddressNotAllowedException();
        var socket = new Socket(SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
        try
        {
            await socket.ConnectAsync(addresses, port, cancellationToken);
            return new NetworkStream(socket, ownsSocket: true);
        }
        catch
        {
            socket.Dispose();
            throw;
        }
    }
}

/// <summary>The name of a webhook resolves to an address that is not allowed.</summary>
internal sealed class AddressNotAllowedException() : IOException("the address is not on the public internet");
