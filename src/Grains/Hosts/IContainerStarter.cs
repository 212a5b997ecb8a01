using Podflare.Containers;
using Podflare.Sandboxes;

namespace Podflare.Hosts;

/// <summary>How a pool gets containers and gets rid of them: on the host's engine, or scripted in tests.</summary>
internal interface IContainerStarter
{
    /// <summary>Starts a container and waits for its guest, both within limits of its own. On failure nothing is left.</summary>
    /// <param name="trace">The trace of the claim that it is started for; null for the pool.</param>
    /// <exception cref="ContainerStartException">The engine, the image or the host refused.</exception>
    Task<LeasedContainer> StartAsync(ContainerSpec spec, ClaimTrace? trace);

    /// <summary>Gives a parked container other limits.</summary>
    /// <exception cref="ContainerEngineException">The engine does not answer or refuses, or a file system could not be resized. Some of it may have happened.</exception>
    Task ResizeAsync(string containerId, ContainerSpec shape);

    /// <summary>The guest is connected.</summary>
    bool IsReady(SandboxId sandbox);

    /// <summary>Shows in the run folder, for an operator, whether the container is parked.</summary>
    void MarkParked(SandboxId sandbox, bool parked);

    /// <summary>Removes a container in the background and takes it out of the ledger; then <see cref="ContainerPool.Serve"/> is called.</summary>
    void Remove(ContainerEntry entry);
}
