using Microsoft.Extensions.Logging;
using Podflare.Containers;

namespace Podflare.Sandboxes;

/// <summary>Why a sandbox that is lost is lost, as far as the engine knows.</summary>
/// <param name="isOnOwningHost">The engine of this host is the one that had the container.</param>
internal sealed partial class ContainerLoss(SandboxRecords records, IContainerRuntime runtime, ILogger logger, bool isOnOwningHost)
{
    /// <returns><see cref="EndReason.Oom"/> where the kernel ended the container because its memory was full, else <see cref="EndReason.Lost"/>.</returns>
    public async Task<EndReason> ExplainAsync(CancellationToken cancellationToken)
    {
        if (!isOnOwningHost || !records.HasRecord) return EndReason.Lost;

        // An end that has begun keeps its reason: by now the container may be gone, and with it what the engine knew.
        if (records.Record.Ending is { } why) return why;
        try
        {
            return await runtime.WasKilledForMemoryAsync(records.Record.ContainerId, cancellationToken) ? EndReason.Oom : EndReason.Lost;
        }
        catch (ContainerEngineException e)
        {
            LogUnknown(e, records.Id);
            return EndReason.Lost;
        }
    }

    [LoggerMessage(LogLevel.Warning, "The engine does not say why the container of sandbox {Sandbox} is gone.")]
    private partial void LogUnknown(Exception exception, SandboxId sandbox);
}
