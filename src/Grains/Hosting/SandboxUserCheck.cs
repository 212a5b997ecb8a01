using Microsoft.Extensions.Logging;
using Podflare.Containers;
using Podflare.Hosts;
using Podflare.Processes;

namespace Podflare.Hosting;

/// <summary>
/// Keeps a worker from starting while sandboxes of another host on the same engine have user numbers of its block: two sandboxes with one
/// number would share what the kernel counts by user.
/// </summary>
public sealed partial class SandboxUserCheck(LocalHost host, SandboxUsers users, IContainerRuntime runtime, ILogger<SandboxUserCheck> logger) : ILifecycleParticipant<ISiloLifecycle>
{
    public void Participate(ISiloLifecycle lifecycle) =>
        lifecycle.Subscribe(nameof(SandboxUserCheck), ServiceLifecycleStage.AfterRuntimeGrainServices - 2, CheckAsync);

    private async Task CheckAsync(CancellationToken cancellationToken)
    {
        if (host.Id is not { } id) return;
        IReadOnlyList<TakenUser> taken;
        try
        {
            taken = await runtime.ListUsersAsync(cancellationToken);
        }
        catch (ContainerEngineException e)
        {
            // The host waits for its engine as well; the blocks of two hosts are hardly ever the same.
            LogNotChecked(e);
            return;
        }

        foreach (var other in taken.Where(other => users.Owns(other.User)))
        {
            if (other.Host != id)
            {
                LogTaken(other.User, other.Host, other.Cluster);
                throw new StartUpException(
                    $"A sandbox of host {other.Host}, cluster {other.Cluster}, has user number {other.User}, which belongs to this host. Set {IsolationOptions.Section}:{nameof(IsolationOptions.FirstUser)} to another number on one of the two.");
            }

            // Left by this host under another cluster id: nobody removes it, so its number is never given again.
            users.Reserve(other.User);
        }
    }

    [LoggerMessage(LogLevel.Critical, "User number {User} of this host's block is taken by a sandbox of host {Host}, cluster {Cluster}. This worker does not start.")]
    private partial void LogTaken(int user, string host, string cluster);

    [LoggerMessage(LogLevel.Warning, "The user numbers of other hosts' sandboxes could not be read: the engine does not answer.")]
    private partial void LogNotChecked(Exception exception);
}
