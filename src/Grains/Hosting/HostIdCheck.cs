using System.Net;
using System.Net.Sockets;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using Podflare.Hosts;
using Podflare.Processes;
using Podflare.Resilience;

namespace Podflare.Hosting;

/// <summary>
/// Keeps a worker out of the cluster while another one has its host id: the two would fight over containers, and calls for the host would
/// go to either. The one that comes later waits, because the other may be its predecessor that is not yet found dead, and then gives up.
/// </summary>
public sealed partial class HostIdCheck(
    LocalHost host, ILocalSiloDetails silo, IServiceProvider services, TimeProvider time, ILogger<HostIdCheck> logger) : ILifecycleParticipant<ISiloLifecycle>
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(30);
    private static readonly TimeSpan CheckInterval = TimeSpan.FromMilliseconds(250);

    // A row that nobody has renewed for so long belongs to a silo that died when no other was there to notice it.
    private static readonly TimeSpan Stale = TimeSpan.FromMinutes(2);

    private static readonly TimeSpan ConnectLimit = TimeSpan.FromSeconds(1);

    // Orleans writes this silo's own row after RuntimeGrainServices.
    public void Participate(ISiloLifecycle lifecycle) =>
        lifecycle.Subscribe(nameof(HostIdCheck), ServiceLifecycleStage.AfterRuntimeGrainServices - 2, WaitForReleaseAsync);

    private async Task WaitForReleaseAsync(CancellationToken cancellationToken)
    {
        if (host.Id is not { } id) return;
        using var limit = new TimeLimit(Patience, time, cancellationToken);
        while (await FindRivalAsync(id, cancellationToken) is { } rival)
        {
            if (limit.Remaining == TimeSpan.Zero)
            {
                LogRival(id, rival);
                throw new StartUpException($"Another worker, {rival}, has host id {id}. Give each worker a run folder of its own, and do not copy one from machine to machine.");
            }

            await Task.Delay(CheckInterval, time, cancellationToken);
        }
    }

    private async Task<SiloAddress?> FindRivalAsync(string id, CancellationToken cancellationToken)
    {
        try
        {
            var table = (IMembershipTable)services.GetService(typeof(IMembershipTable))!;
            // The rows carry the time of Orleans' membership.
            var now = (services.GetKeyedService<TimeProvider>(TimeProviderNames.Membership) ?? time).GetUtcNow().UtcDateTime;
            foreach (var (member, _) in (await table.ReadAllAsync(cancellationToken)).Members)
            {
                if (member.Status is not SiloStatus.Active || HostSilos.HostInName(member.SiloName) != id || member.SiloAddress.Endpoint.Equals(silo.SiloAddress.Endpoint)) continue;
                // Its clock may be behind: then its row only looks old.
                if (now - member.IAmAliveTime < Stale || await AcceptsConnectionsAsync(member.SiloAddress.Endpoint, cancellationToken)) return member.SiloAddress;
            }

            return null;
        }
        catch (Exception e) when (e is not OutOfMemoryException && !cancellationToken.IsCancellationRequested)
        {
            // Orleans reads the same table next, and reports what is wrong with it.
            LogNotRead(e);
            return null;
        }
    }

    private async Task<bool> AcceptsConnectionsAsync(IPEndPoint endpoint, CancellationToken cancellationToken)
    {
        using var limit = new TimeLimit(ConnectLimit, time, cancellationToken);
        using var socket = new Socket(endpoint.AddressFamily, SocketType.Stream, ProtocolType.Tcp);
        try
        {
            await socket.ConnectAsync(endpoint, limit.Token);
            return true;
        }
        catch (Exception e) when (e is SocketException || limit.IsExceeded)
        {
            return false;
        }
    }

    [LoggerMessage(LogLevel.Critical, "Another worker has host id {Host}: {Rival}. This one does not start.")]
    private partial void LogRival(string host, SiloAddress rival);

    [LoggerMessage(LogLevel.Warning, "The membership table could not be read for other workers with this host id.")]
    private partial void LogNotRead(Exception exception);
}
