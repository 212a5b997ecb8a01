using Microsoft.Extensions.Logging;
using Podflare.Resilience;

namespace Podflare.Hosts;

/// <summary>Removes containers in the background, a few at a time. One that cannot be removed keeps its slot and is tried again.</summary>
/// <param name="removed">Called when a slot has become free.</param>
/// <remarks>For its grain's scheduler only.</remarks>
internal sealed class ContainerRemover(HostContainers containers, ContainerLedger ledger, int concurrency, Action removed, ILogger logger)
{
    private readonly SemaphoreSlim _gate = new(concurrency);

    /// <summary>Begins the removal of a container. Repeating it is fine.</summary>
    public void Remove(ContainerEntry entry)
    {
        if (entry.State is not ContainerState.Removing) ledger.Move(entry, ContainerState.Removing);
        else if (entry.InProgress) return;
        entry.InProgress = true;
        Background.Run(logger, "remove", RemoveAsync(entry));
    }

    /// <summary>Tries again to remove what could not be removed.</summary>
    public void RetryFailed()
    {
        foreach (var entry in ledger.In(ContainerState.Removing).Where(entry => !entry.InProgress).ToArray()) Remove(entry);
    }

    private async Task RemoveAsync(ContainerEntry entry)
    {
        await _gate.WaitAsync();
        try
        {
            if (entry.ContainerId is null || await containers.TryRemoveAsync(entry.Sandbox, entry.ContainerId)) ledger.Remove(entry);
        }
        finally
        {
            entry.InProgress = false;
            _gate.Release();
        }

        removed();
    }
}
