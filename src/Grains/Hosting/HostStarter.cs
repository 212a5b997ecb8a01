using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Podflare.Hosts;

namespace Podflare.Hosting;

/// <summary>
/// Brings this process's host up once its silo has joined, and again whenever its grain was lost (the grain directory of a silo that dies
/// takes activations on others with it); takes it out of service when the process stops.
/// </summary>
public sealed partial class HostStarter(
    LocalHost host,
    HostSilos silos,
    IGrainFactory grains,
    ILocalSiloDetails silo,
    IHostApplicationLifetime lifetime,
    TimeProvider time,
    ILogger<HostStarter> logger) : BackgroundService
{
    private static readonly TimeSpan Pause = TimeSpan.FromMilliseconds(250);
    private static readonly TimeSpan Glance = TimeSpan.FromSeconds(1);
    private static readonly TimeSpan RivalPatience = TimeSpan.FromSeconds(30);

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        lifetime.ApplicationStopping.Register(host.Drain);
        if (!await OutwaitRivalAsync(stoppingToken)) return;
        var grain = grains.GetGrain<IHostGrain>(host.Id!);
        for (var warned = false; !stoppingToken.IsCancellationRequested;)
        {
            var started = false;
            try
            {
                started = await grain.Start();
                warned = false;
            }
            catch (Exception e)
            {
                if (!warned) LogNotStarted(e, host.Id!);
                warned = true;
            }

            await Task.Delay(started ? Glance : Pause, time, stoppingToken).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }
    }

    // Before the silo stops: parked containers are nobody's, and would only be removed by the next start.
    public override async Task StopAsync(CancellationToken cancellationToken)
    {
        await base.StopAsync(cancellationToken);
        try
        {
            await grains.GetGrain<IHostGrain>(host.Id!).Retire().WaitAsync(cancellationToken);
        }
        catch (Exception e)
        {
            LogNotRetired(e, host.Id!);
        }
    }

    /// <summary>Two workers with one host id would fight over its containers: the later one waits, then gives up.</summary>
    private async Task<bool> OutwaitRivalAsync(CancellationToken cancellationToken)
    {
        var deadline = time.GetUtcNow() + RivalPatience;
        while (silos.FindRival(host.Id!, silo.SiloAddress) is { } rival)
        {
            if (time.GetUtcNow() > deadline)
            {
                LogRival(host.Id!, rival);
                lifetime.StopApplication();
                return false;
            }

            await Task.Delay(Pause, time, cancellationToken);
        }

        return true;
    }

    [LoggerMessage(LogLevel.Error, "Host {Host} is not ready yet: its containers can't be listed, or its records not read. Trying on.")]
    private partial void LogNotStarted(Exception exception, string host);

    [LoggerMessage(LogLevel.Warning, "The parked containers of host {Host} may be left; its next start removes them.")]
    private partial void LogNotRetired(Exception exception, string host);

    [LoggerMessage(LogLevel.Critical, "Another worker has host id {Host}: {Rival}. Give each worker a run folder of its own. Stopping.")]
    private partial void LogRival(string host, SiloAddress rival);
}
