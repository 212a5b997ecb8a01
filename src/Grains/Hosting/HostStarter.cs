using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;
using Podflare.Containers;
using Podflare.Hosts;

namespace Podflare.Hosting;

/// <summary>
/// Starts this process's host once its silo has joined, and again whenever its grain was lost; takes it out of service when the process
/// stops.
/// </summary>
public sealed partial class HostStarter(
    LocalHost host,
    IGrainFactory grains,
    ILocalSiloDetails silo,
    IHostApplicationLifetime lifetime,
    IOptions<EngineOptions> engine,
    TimeProvider time,
    ILogger<HostStarter> logger)
    : BackgroundService
{
    private static readonly TimeSpan RetryInterval = TimeSpan.FromMilliseconds(250);
    private static readonly TimeSpan CheckInterval = TimeSpan.FromSeconds(1);

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        lifetime.ApplicationStopping.Register(host.Drain);
        var grain = grains.GetGrain<IHostGrain>(host.Id!);
        for (var warned = false; !stoppingToken.IsCancellationRequested;)
        {
            var started = false;
            try
            {
                started = await grain.Start();
                if (started) host.MarkStarted();
                warned = false;
            }
            catch (ContainerEngineException e)
            {
                if (!warned) LogNoEngine(e, host.Id!, engine.Value.Endpoint);
                warned = true;
            }
            catch (Exception e)
            {
                if (!warned) LogNotStarted(e, host.Id!);
                warned = true;
            }

            await Task.Delay(started ? CheckInterval : RetryInterval, time, stoppingToken).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }
    }

    // Before the silo stops: parked containers belong to nobody, and only the next start would remove them.
    public override async Task StopAsync(CancellationToken cancellationToken)
    {
        await base.StopAsync(cancellationToken);
        try
        {
            await grains.GetGrain<IHostGrain>(host.Id!).Retire(silo.SiloAddress.ToParsableString()).WaitAsync(cancellationToken);
        }
        catch (Exception e)
        {
            LogNotRetired(e, host.Id!);
        }
    }

    [LoggerMessage(LogLevel.Error, "Host {Host} is not ready yet: the container engine at {Endpoint} does not answer. Start Docker, or set Podflare:Engine:Endpoint. Trying again.")]
    private partial void LogNoEngine(Exception exception, string host, string endpoint);

    [LoggerMessage(LogLevel.Error, "Host {Host} is not ready yet: its records can't be read. Trying again.")]
    private partial void LogNotStarted(Exception exception, string host);

    [LoggerMessage(LogLevel.Warning, "Parked containers of host {Host} may be left; its next start removes them.")]
    private partial void LogNotRetired(Exception exception, string host);
}
