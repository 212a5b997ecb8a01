using System.Runtime.CompilerServices;
using Podflare.Containers;
using Podflare.Egress;
using Podflare.EgressProxy.Sandboxes;
using Podflare.Harness;

namespace Podflare.Engine;

/// <summary>A worker's connection to the engine of its machine.</summary>
internal sealed class SiloContainerRuntime(ScriptedEngine engine, RunFolder folder, Power power) : IContainerRuntime
{
    public async Task<string> StartAsync(ContainerSpec spec, CancellationToken cancellationToken)
    {
        try
        {
            return await power.CallAsync(() => engine.StartAsync(spec, folder.SocketPath(spec.Sandbox), cancellationToken));
        }
        catch (ContainerEngineException)
        {
            throw new ContainerStartException("the container engine does not answer", retry: true);
        }
        catch (EgressException e)
        {
            throw StartRefusal.Of(e, spec)!;
        }
    }

    public Task ResizeAsync(string containerId, ContainerSpec shape, CancellationToken cancellationToken) =>
        power.CallAsync(() => engine.ResizeAsync(containerId, shape, cancellationToken));

    public Task<string?> FindImageAsync(string image, CancellationToken cancellationToken) => Task.FromResult<string?>(null);

    public async Task RemoveAsync(string containerId, CancellationToken cancellationToken)
    {
        try
        {
            await power.CallAsync(() => engine.RemoveAsync(containerId, cancellationToken));
        }
        catch (ContainerEngineException e)
        {
            throw new ContainerRemoveException(containerId, e);
        }
    }

    public Task SetCpuPriorityAsync(string containerId, double cpus, bool low, CancellationToken cancellationToken) =>
        power.CallAsync(() => engine.SetCpuPriorityAsync(containerId, low, cancellationToken));

    public Task AllowHostsAsync(string containerId, SandboxAccess access, CancellationToken cancellationToken) =>
        power.CallAsync(() => engine.AllowHostsAsync(containerId, access, cancellationToken));

    public Task<bool> IsPausedAsync(string containerId, CancellationToken cancellationToken) => power.CallAsync(() => engine.IsPausedAsync(containerId, cancellationToken));

    public Task<bool> WasKilledForMemoryAsync(string containerId, CancellationToken cancellationToken) => power.CallAsync(() => engine.WasKilledForMemoryAsync(containerId, cancellationToken));

    public Task<IReadOnlyList<TakenUser>> ListUsersAsync(CancellationToken cancellationToken) => power.CallAsync(() => engine.ListUsersAsync(cancellationToken));

    public Task PingAsync(CancellationToken cancellationToken) => power.CallAsync(() => engine.PingAsync(cancellationToken));

    public Task<IReadOnlyList<HostContainer>> ListAsync(CancellationToken cancellationToken) => power.CallAsync(() => engine.ListAsync(cancellationToken));

    public async IAsyncEnumerable<ContainerDeath> WatchDeathsAsync([EnumeratorCancellation] CancellationToken cancellationToken)
    {
        await foreach (var death in engine.WatchDeathsAsync(cancellationToken))
        {
            if (power.IsOff) yield break;
            yield return death;
        }
    }
}
