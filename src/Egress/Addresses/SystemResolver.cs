using System.Net;
using System.Net.Sockets;
using Podflare.EgressProxy.Settings;

namespace Podflare.EgressProxy.Addresses;

/// <summary>Asks this host's resolver. Each lookup may occupy a thread, so their number is limited.</summary>
internal sealed class SystemResolver(ProxyOptions options) : INameResolver, IDisposable
{
    private readonly SemaphoreSlim _lookups = new(options.MaxLookups);

    public async Task<IPAddress[]> ResolveAsync(string name, CancellationToken cancellationToken)
    {
        await _lookups.WaitAsync(cancellationToken);
        // The thread is occupied until the system gives up, even if the caller does not wait that long.
        var lookup = ReleaseAfterAsync(name);
        return await lookup.WaitAsync(cancellationToken);
    }

    public void Dispose() => _lookups.Dispose();

    private async Task<IPAddress[]> ReleaseAfterAsync(string name)
    {
        try
        {
            // With the dot at its end, the name is complete: the host's own search domains are not appended to it.
            return await Dns.GetHostAddressesAsync(name + ".", CancellationToken.None);
        }
        catch (SocketException)
        {
            return [];
        }
        finally
        {
            _lookups.Release();
        }
    }
}
