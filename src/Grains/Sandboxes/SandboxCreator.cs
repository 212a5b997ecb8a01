using Microsoft.Extensions.Logging;
using Podflare.Hosts;
using Podflare.Tenants;

namespace Podflare.Sandboxes;

/// <summary>Makes a sandbox: chooses a host, claims a container there, hands it to its grain. Three hosts at most.</summary>
public sealed partial class SandboxCreator(HostLoads loads, IGrainFactory grains, TimeProvider time, ILogger<SandboxCreator> logger)
{
    private const int MaxHosts = 3;

    /// <summary>How long the last host that is asked may let the claim wait in line.</summary>
    private static readonly TimeSpan LastWait = TimeSpan.FromSeconds(10);

    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(20);

    /// <summary>Creates a sandbox within 20 s.</summary>
    /// <param name="creation">Random, or derived from the idempotency key: a repeat with the same one is the same create.</param>
    /// <param name="claimed">Called with each claimed id before its grain is: whoever keeps it can find the sandbox after a crash.</param>
    /// <exception cref="NoCapacityException">No host has room.</exception>
    /// <exception cref="ContainerStartException">The engine or the image refused.</exception>
    public async Task<SandboxInfo> CreateAsync(
        string creation, TenantId tenant, SandboxSpec spec, Func<SandboxId, Task>? claimed, CancellationToken cancellationToken)
    {
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        using var timer = time.CreateTimer(_ => limit.Cancel(), null, Limit, Timeout.InfiniteTimeSpan);
        try
        {
            return await TryHostsAsync(creation, tenant, spec, claimed, limit.Token);
        }
        catch (OperationCanceledException) when (!cancellationToken.IsCancellationRequested)
        {
            throw new NoCapacityException();
        }
    }

    private async Task<SandboxInfo> TryHostsAsync(
        string creation, TenantId tenant, SandboxSpec spec, Func<SandboxId, Task>? claimed, CancellationToken cancellationToken)
    {
        Exception why = new NoCapacityException();
        var hosts = await loads.RankAsync().WaitAsync(cancellationToken);
        var tries = Math.Min(hosts.Count, MaxHosts);
        for (var i = 0; i < tries; i++)
        {
            try
            {
                var wait = i == tries - 1 ? LastWait : TimeSpan.Zero;
                var sandbox = await grains.GetGrain<IHostGrain>(hosts[i]).Claim(spec, wait, cancellationToken);
                if (claimed is not null) await claimed(sandbox);
                return await grains.GetGrain<ISandboxGrain>(sandbox.Value).Create(creation, tenant, spec, cancellationToken);
            }
            catch (Exception e) when (IsThisHostAlone(e))
            {
                LogRefused(e, hosts[i]);
                why = e;
            }
        }

        throw why is PodflareException ? why : new NoCapacityException();
    }

    private static bool IsThisHostAlone(Exception e) =>
        e is NoCapacityException or LeaseGoneException or ContainerStartException or SandboxUnreachableException or OrleansException or TimeoutException;

    [LoggerMessage(LogLevel.Warning, "Host {Host} could not take a new sandbox.")]
    private partial void LogRefused(Exception exception, string host);
}
