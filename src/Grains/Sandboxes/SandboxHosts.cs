using Microsoft.Extensions.Options;
using Podflare.Hosts;

namespace Podflare.Sandboxes;

/// <summary>Where the host of a sandbox is, as this process sees it.</summary>
public sealed class SandboxHosts(LocalHost local, HostSilos silos, IOptions<HostOptions> options)
{
    /// <summary>Time without a worker of its host after which a sandbox is lost.</summary>
    public TimeSpan Grace => TimeSpan.FromSeconds(options.Value.GraceSeconds);

    /// <summary>The sandbox's host is this process.</summary>
    public bool IsLocal(SandboxId sandbox) => local.Id == sandbox.Host;

    /// <summary>A worker of the sandbox's host is alive.</summary>
    public bool IsAlive(SandboxId sandbox) => silos.IsAlive(sandbox.Host);

    /// <inheritdoc cref="HostSilos.AwayFor"/>
    public TimeSpan AwayFor(SandboxId sandbox) => silos.AwayFor(sandbox.Host);
}
