using System.Net;

namespace Podflare.EgressProxy.Addresses;

/// <summary>Finds the addresses of a host name.</summary>
internal interface INameResolver
{
    /// <returns>The addresses in the order in which they should be tried; empty if the name does not exist or the lookup failed.</returns>
    Task<IPAddress[]> ResolveAsync(string name, CancellationToken cancellationToken);
}
