using System.Net;
using Docker.DotNet;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;
using Podflare.EgressProxy.Sandboxes;

namespace Podflare.Egress;

/// <summary>The networks of sandboxes with a way out: one for those that reach everything that is not refused, one for those that reach named hosts.</summary>
public sealed class EgressNetwork : IDisposable
{
    // No name server: names cannot carry anything out. The engine's own resolver asks this one, from within the sandbox, where nobody answers.
    private static readonly string[] NoDns = ["127.0.0.1"];

    private readonly EgressOptions _options;
    private readonly EgressBridge _open;
    private readonly EgressBridge _namedHosts;

    public EgressNetwork(IOptions<EgressOptions> options, EgressProxySupervisor proxy, TimeProvider time, ILogger<EgressNetwork> logger)
    {
        _options = options.Value;
        Proxy = proxy;
        var firewall = new Firewall(_options, time);
        _open = new EgressBridge(_options.Network, _options.Subnet, _ => EgressRules.ForOpen(_options), _options, firewall, time, logger);
        _namedHosts = new EgressBridge(
            _options.NamedHostsNetwork, _options.NamedHostsSubnet, address => EgressRules.ForNamedHosts(_options, address), _options, firewall, time, logger);
    }

    /// <summary>The proxy to named hosts.</summary>
    public EgressProxySupervisor Proxy { get; }

    /// <summary>The engine's name of the network; <c>none</c> for a sandbox without one.</summary>
    public string NameOf(EgressKind kind) => kind switch
    {
        EgressKind.Open => _open.Name,
        EgressKind.NamedHosts => _namedHosts.Name,
        _ => "none",
    };

    public IReadOnlyList<string> DnsOf(EgressKind kind) => kind switch
    {
        EgressKind.Open => _options.DnsServers,
        EgressKind.NamedHosts => NoDns,
        _ => [],
    };

    /// <summary>Environment variables that tell programs the way out.</summary>
    public IReadOnlyList<string> EnvironmentOf(EgressKind kind) => kind is EgressKind.NamedHosts && Proxy.Address is { } proxy
        ? [$"HTTPS_PROXY=http://{proxy}", $"https_proxy=http://{proxy}", "NO_PROXY=localhost,127.0.0.1,::1", "no_proxy=localhost,127.0.0.1,::1"]
        : [];

    /// <summary>Returns when sandboxes of this kind can be started.</summary>
    /// <exception cref="EgressException">It can't be done here.</exception>
    public async Task EnsureAsync(EgressKind kind, DockerClient docker, CancellationToken cancellationToken)
    {
        if (kind is EgressKind.Open) await _open.EnsureAsync(docker, cancellationToken);
        if (kind is EgressKind.NamedHosts) await Proxy.EnsureAsync(await _namedHosts.EnsureAsync(docker, cancellationToken), cancellationToken);
    }

    /// <summary>Lets a container of the network for named hosts reach these hosts.</summary>
    /// <exception cref="EgressException">It can't be done here.</exception>
    public async Task AllowAsync(string containerId, SandboxAccess access, DockerClient docker, CancellationToken cancellationToken)
    {
        await EnsureAsync(EgressKind.NamedHosts, docker, cancellationToken);
        var networks = (await docker.Containers.InspectContainerAsync(containerId, cancellationToken)).NetworkSettings?.Networks;
        if (networks is null || !networks.TryGetValue(_namedHosts.Name, out var network) || !IPAddress.TryParse(network.IPAddress, out var address))
            throw new EgressException($"container {containerId} has no address in the network {_namedHosts.Name}");
        await Proxy.RegisterAsync(containerId, address, access, cancellationToken);
    }

    public void Dispose()
    {
        _open.Dispose();
        _namedHosts.Dispose();
    }
}
