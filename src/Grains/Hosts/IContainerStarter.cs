using Podflare.Containers;
using Podflare.Sandboxes;

namespace Podflare.Hosts;

/// <summary>How a pool comes by containers and gets rid of them: on the host's engine, or scripted in tests.</summary>
internal interface IContainerStarter
{
    /// <summary>Starts a container and waits for its guest, both within limits of its own. On failure nothing is left.</summary>
    /// <param name="trace">Of the claim that it is started for; null for the pool.</param>
    /// <exception cref="ContainerStartException">The engine or the image refused.</exception>
    Task<LeasedContainer> StartAsync(ContainerSpec spec, ClaimTrace? trace);

    /// <summary>The guest answers.</summary>
    bool IsReady(SandboxId sandbox);

    /// <summary>Says to whoever looks at the run folder, such as an operator, that the container is nobody's for now, or that it is somebody's.</summary>
    void Mark(SandboxId sandbox, bool parked);

    /// <summary>Removes a container in the background; then <see cref="ContainerPool.Release"/> is called.</summary>
    void Remove(SandboxId sandbox, string containerId);
}
