using System.Net;
using System.Net.Sockets;
using Podflare.EgressProxy.Addresses;
using Podflare.EgressProxy.Settings;

namespace Podflare.EgressProxy.Tunnels;

/// <summary>Finds the addresses of a host that may be reached, and connects to one of them.</summary>
internal sealed class HostDialer(INameResolver resolver, ProxySettings settings, TimeProvider time)
{
    private const int HttpsPort = 443;
    private const int MaxAddresses = 8;
    private readonly IPNetwork[] _refused = [.. settings.Refused.Select(IPNetwork.Parse)];
    private readonly ProxyOptions _options = settings.Options;

    /// <summary>Resolves a name, once: what is dialed later is one of these addresses.</summary>
    /// <returns>All addresses, and those of them that may be reached.</returns>
    public async Task<(int Found, IPAddress[] Reachable)> ResolveAsync(string name, CancellationToken cancellationToken)
    {
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        using var timer = time.CreateTimer(static state => ((CancellationTokenSource)state!).Cancel(), limit, TimeSpan.FromSeconds(_options.ResolveSeconds), Timeout.InfiniteTimeSpan);
        try
        {
            var found = await resolver.ResolveAsync(name, limit.Token);
            return (found.Length, [.. found.Where(MayBeReached).Take(MaxAddresses)]);
        }
        catch (OperationCanceledException) when (!cancellationToken.IsCancellationRequested)
        {
            return (0, []);
        }
    }

    /// <summary>Connects to the first address that answers.</summary>
    /// <returns>Null if none does in time.</returns>
    public async Task<Socket?> ConnectAsync(IPAddress[] addresses, CancellationToken cancellationToken)
    {
        var each = TimeSpan.FromSeconds(_options.DialSeconds / addresses.Length);
        foreach (var address in addresses)
        {
            using var limit = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
            using var timer = time.CreateTimer(static state => ((CancellationTokenSource)state!).Cancel(), limit, each, Timeout.InfiniteTimeSpan);
            var socket = new Socket(address.AddressFamily, SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
            try
            {
                await socket.ConnectAsync(new IPEndPoint(address, HttpsPort), limit.Token);
                return socket;
            }
            catch (Exception e) when (e is SocketException or OperationCanceledException)
            {
                socket.Dispose();
                cancellationToken.ThrowIfCancellationRequested();
            }
        }

        return null;
    }

    private bool MayBeReached(IPAddress address) =>
        PublicAddress.IsPublic(address) && !Array.Exists(_refused, range => range.Contains(address)) && !OwnAddress.IsOwn(address);
}
