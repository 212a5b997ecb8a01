using System.Globalization;
using System.Net;
using System.Net.Sockets;
using Podflare.EgressProxy.Addresses;

namespace Podflare.Webhooks;

/// <summary>Prevents webhooks from reaching internal addresses (server-side request forgery).</summary>
public sealed class AddressGuard(WebhookCallOptions options)
{
    private readonly HashSet<IPAddress> _allowed = [.. options.AllowedAddresses];

    /// <summary>Resolves a name to its addresses.</summary>
    public Func<string, CancellationToken, Task<IPAddress[]>> Resolve { get; init; } = Dns.GetHostAddressesAsync;

    /// <summary>Whether the address is on the public internet, and not an internal one behind a mapping or tunnel.</summary>
    public static bool IsPublic(IPAddress address) => PublicAddress.IsPublic(Unmapped(address));

    /// <summary>Whether calls may go to the address: a public one that is not this machine's own, or one that the options allow.</summary>
    public bool Allows(IPAddress address) => _allowed.Contains(address) || (IsPublic(address) && !OwnAddress.IsOwn(Unmapped(address)));

    /// <summary>Returns what is wrong with an address, or null if it is valid. A name is resolved only when it is called.</summary>
    public string? Validate(string? text, out Uri? uri)
    {
        uri = null;
        if (string.IsNullOrWhiteSpace(text)) return "Enter the address of your webhook.";
        if (text.Length > 1000 || text.Any(char.IsControl) || !Uri.TryCreate(text.Trim(), UriKind.Absolute, out var parsed)) return "This is not a valid web address.";
        if (parsed.Scheme != "https" && !(options.AllowHttp && parsed.Scheme == "http")) return "The address must start with https://.";
        if (parsed.UserInfo.Length > 0) return "The address must not contain a user name or password.";
        if (parsed.Host.Length == 0) return "This is not a valid web address.";
        var host = Normalized(parsed);
        if ((IPAddress.TryParse(host, out var address) && !Allows(address)) || host.Equals("localhost", StringComparison.OrdinalIgnoreCase)) return "This address is not on the public internet.";
        uri = parsed;
        return null;
    }

    /// <summary>Resolves the name once, checks every address, and connects to exactly those, so that a different DNS answer later has no effect.</summary>
    public async ValueTask<Stream> ConnectAsync(SocketsHttpConnectionContext context, CancellationToken cancellationToken)
    {
        var all = await Resolve(context.DnsEndPoint.Host, cancellationToken);
        return await ConnectAsync(all, context.DnsEndPoint.Port, cancellationToken);
    }

    private static IPAddress Unmapped(IPAddress address) => address.IsIPv4MappedToIPv6 ? address.MapToIPv4() : address;

    // Resolvers drop a final dot, and read digits, letters and dots of other forms as those of ASCII. (This process has no Unicode normalization.)
    private static string Normalized(Uri uri) => string.Concat(uri.Host.Select(Ascii)).Trim('[', ']').TrimEnd('.');

    private static char Ascii(char character) => character switch
    {
        < '\x80' => character,
        '\u3002' or '\uFF61' => '.',
        >= '\uFF01' and <= '\uFF5E' => (char)(character - 0xFEE0),
        _ => CharUnicodeInfo.GetDigitValue(character) is >= 0 and <= 9 and var digit ? (char)('0' + digit) : character,
    };

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
