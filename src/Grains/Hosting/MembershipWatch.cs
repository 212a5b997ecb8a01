using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Podflare.Hosts;
using Podflare.Resilience;

namespace Podflare.Hosting;

/// <summary>
/// Stops this process when the cluster no longer knows it. After the membership table has lost this silo's row, as when Redis was restarted
/// empty, new silos form a cluster of their own, and this one would serve its part of a split for ever. Where Redis has only lost that this silo
/// has joined, no grain could be activated here any more.
/// </summary>
public sealed partial class MembershipWatch(
    IServiceProvider services, LocalHost host, ILocalSiloDetails silo, IHostApplicationLifetime lifetime, TimeProvider time, ILogger<MembershipWatch> logger)
    : BackgroundService
{
    /// <summary>Time between two looks at the table. The second one that finds no row stops the process.</summary>
    private static readonly TimeSpan CheckInterval = TimeSpan.FromSeconds(10);

    private static readonly TimeSpan ReadLimit = TimeSpan.FromSeconds(5);

    private int _missing;

    /// <summary>The last look at the table found this silo as active, or the silo was joining or leaving.</summary>
    public bool IsMember => Volatile.Read(ref _missing) == 0;

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        using var timer = new PeriodicTimer(CheckInterval, time);
        while (await timer.WaitForNextTickAsync(stoppingToken))
        {
            try
            {
                var status = services.GetRequiredService<ISiloStatusOracle>().CurrentStatus;
                var hasJoined = lifetime.ApplicationStarted.IsCancellationRequested;
                _missing = !hasJoined || status.IsTerminating() || await IsListedAsync(stoppingToken) ? 0 : _missing + 1;
                if (_missing == 1) LogMissing(silo.SiloAddress);
                if (_missing < 2) continue;
                Leave();
                return;
            }
            catch (Exception e) when (!stoppingToken.IsCancellationRequested)
            {
                // The table cannot be read: that says nothing about the row.
                LogNotRead(e);
            }
        }
    }

    private async Task<bool> IsListedAsync(CancellationToken cancellationToken)
    {
        using var limit = new TimeLimit(ReadLimit, time, cancellationToken);
        var table = services.GetRequiredService<IMembershipTable>();
        var row = await table.ReadRowAsync(silo.SiloAddress, limit.Token).WaitAsync(limit.Token);
        return row.Members.Any(member => member.Item1.SiloAddress.Equals(silo.SiloAddress) && member.Item1.Status is SiloStatus.Active);
    }

    private void Leave()
    {
        LogLost(silo.SiloAddress);
        host.Drain();
        lifetime.StopApplication();
    }

    [LoggerMessage(LogLevel.Warning, "The cluster's membership table does not have silo {Silo} as active; looking again in 10 s.")]
    private partial void LogMissing(SiloAddress silo);

    [LoggerMessage(LogLevel.Critical, "The cluster's membership table has lost silo {Silo}, perhaps because Redis was restarted without its data. Stopping, so that a restart joins the cluster again.")]
    private partial void LogLost(SiloAddress silo);

    [LoggerMessage(LogLevel.Debug, "The cluster's membership table could not be read.")]
    private partial void LogNotRead(Exception exception);
}
