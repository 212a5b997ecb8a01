using Microsoft.Extensions.Logging;
using Podflare.Containers;
using Podflare.EgressProxy.Sandboxes;
using Podflare.Resilience;

namespace Podflare.Sandboxes;

/// <summary>Opens the way to the hosts on a sandbox's list once its container is this activation's.</summary>
internal sealed partial class SandboxEgress(SandboxRecords records, IContainerRuntime runtime, TimeProvider time, ILogger logger, CancellationToken closing)
{
    private static readonly TimeSpan FirstPause = TimeSpan.FromSeconds(1);
    private static readonly TimeSpan LongestPause = TimeSpan.FromSeconds(30);

    /// <summary>Returns when the hosts can be reached, or after an attempt that failed; others follow in the background until one succeeds.</summary>
    public async Task AllowAsync()
    {
        if (records.Record is not { EgressHosts.IsDefaultOrEmpty: false } record) return;
        if (!await TryAsync(record)) Background.Run(logger, "egress", RetryAsync(record));
    }

    private async Task RetryAsync(SandboxRecord record)
    {
        var pause = new Backoff(FirstPause, LongestPause, time);
        do await pause.WaitAsync(closing);
        while (!await TryAsync(record));
    }

    private async Task<bool> TryAsync(SandboxRecord record)
    {
        try
        {
            await runtime.AllowHostsAsync(record.ContainerId, new SandboxAccess(records.Id.Value, record.Tenant, record.EgressHosts), closing);
            return true;
        }
        catch (ContainerEngineException e)
        {
            LogNotAllowed(e, records.Id);
            return false;
        }
    }

    [LoggerMessage(LogLevel.Warning, "Sandbox {Sandbox} cannot reach the hosts on its list yet.")]
    private partial void LogNotAllowed(Exception exception, SandboxId sandbox);
}
