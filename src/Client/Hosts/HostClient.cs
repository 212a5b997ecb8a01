namespace Podflare;

/// <summary>The hosts of a cluster, for administrators. Every method needs a key with the scope <c>admin</c>.</summary>
/// <example>
/// <code>
/// foreach (var host in await client.Hosts.ListAsync()) Console.WriteLine($"{host.Id}: {host.State}, {host.Sandboxes} of {host.Slots}");
/// </code>
/// </example>
public class HostClient
{
    private readonly Transport? _transport;

    internal HostClient(Transport transport) => _transport = transport;

    /// <summary>For tests that replace this class.</summary>
    protected HostClient()
    {
    }

    private Transport Transport => _transport ?? throw SandboxScope.Missing(nameof(HostClient));

    /// <summary>Lists all hosts, in the order of their IDs.</summary>
    /// <exception cref="InsufficientScopeException">The key does not have the scope <c>admin</c>.</exception>
    public virtual async Task<IReadOnlyList<HostInfo>> ListAsync(CancellationToken cancellationToken = default) =>
        (await Transport.CallAsync(new ApiCall(HttpMethod.Get, "v1/hosts"), ClientJson.Default.HostList, cancellationToken).ConfigureAwait(false)).Hosts;

    /// <summary>The host accepts no new sandboxes. Its sandboxes continue, and its ready containers stay.</summary>
    /// <exception cref="HostNotFoundException">No worker of the host is in the cluster.</exception>
    public virtual Task<HostInfo> CordonAsync(string hostId, CancellationToken cancellationToken = default) => SetAsync(hostId, "cordon", cancellationToken);

    /// <summary>The host accepts new sandboxes again.</summary>
    /// <exception cref="HostNotFoundException">No worker of the host is in the cluster.</exception>
    public virtual Task<HostInfo> UncordonAsync(string hostId, CancellationToken cancellationToken = default) => SetAsync(hostId, "uncordon", cancellationToken);

    /// <summary>The host accepts no new sandboxes, and its ready containers are removed. Its sandboxes continue until they end.</summary>
    /// <exception cref="HostNotFoundException">No worker of the host is in the cluster.</exception>
    public virtual Task<HostInfo> DrainAsync(string hostId, CancellationToken cancellationToken = default) => SetAsync(hostId, "drain", cancellationToken);

    private Task<HostInfo> SetAsync(string hostId, string action, CancellationToken cancellationToken)
    {
        ArgumentException.ThrowIfNullOrWhiteSpace(hostId);
        return Transport.CallAsync(new ApiCall(HttpMethod.Post, $"v1/hosts/{Uri.EscapeDataString(hostId)}/{action}"), ClientJson.Default.HostInfo, cancellationToken);
    }
}
