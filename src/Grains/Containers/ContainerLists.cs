using Docker.DotNet;
using Docker.DotNet.Models;

namespace Podflare.Containers;

/// <summary>What the engine lists of the containers of sandboxes.</summary>
internal sealed class ContainerLists(DockerClient docker, HostIdentity owner, EngineOptions options, TimeProvider time)
{
    /// <inheritdoc cref="IContainerRuntime.ListAsync"/>
    public async Task<IReadOnlyList<HostContainer>> ListAsync(CancellationToken cancellationToken)
    {
        var listed = await ListAsync(ContainerLabels.FilterOf(owner), cancellationToken);
        var containers = new List<HostContainer>(listed.Count);
        foreach (var container in listed)
        {
            if (ContainerLabels.TryRead(container.Labels, out var sandbox, out var template))
                containers.Add(new HostContainer(
                    container.ID, sandbox, template, IsAlive(container.State), ContainerLabels.MemoryOf(container.Labels), ContainerLabels.UserOf(container.Labels)));
        }

        return containers;
    }

    /// <inheritdoc cref="IContainerRuntime.ListUsersAsync"/>
    public async Task<IReadOnlyList<TakenUser>> ListUsersAsync(CancellationToken cancellationToken)
    {
        var listed = await ListAsync(new Dictionary<string, bool> { [ContainerLabels.User] = true }, cancellationToken);
        return [.. listed.Select(container => ContainerLabels.ReadUser(container.Labels)).Where(taken => taken.User > 0)];
    }

    private async Task<IList<ContainerListResponse>> ListAsync(IDictionary<string, bool> labels, CancellationToken cancellationToken)
    {
        using var limit = new EngineLimit(TimeSpan.FromSeconds(options.ListSeconds), time, cancellationToken);
        var filters = new Dictionary<string, IDictionary<string, bool>> { ["label"] = labels };
        try
        {
            return await docker.Containers.ListContainersAsync(new ContainersListParameters { All = true, Filters = filters }, limit.Token);
        }
        catch (Exception e) when (EngineTrouble.Is(e) && !cancellationToken.IsCancellationRequested)
        {
            throw new ContainerEngineException("containers could not be listed", e);
        }
    }

    // A paused container, and one that the engine restarts, still has its processes or gets them back.
    private static bool IsAlive(string state) => state is "running" or "paused" or "restarting";
}
