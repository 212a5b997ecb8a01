using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using OpenTelemetry.Logs;
using OpenTelemetry.Metrics;
using OpenTelemetry.Trace;

namespace Podflare.Telemetry;

/// <summary>
/// Sends what is left when the process stops: all kinds at once and for two seconds at most. Left to their disposal, one after the
/// other waits out the exporter's own limit.
/// </summary>
internal sealed class TelemetryStop(IServiceProvider services, IHostApplicationLifetime lifetime) : IHostedService
{
    private const int LimitMilliseconds = 2_000;

    public Task StartAsync(CancellationToken cancellationToken)
    {
        lifetime.ApplicationStopped.Register(Shutdown);
        return Task.CompletedTask;
    }

    public Task StopAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    private void Shutdown() => Parallel.Invoke(
        () => services.GetService<TracerProvider>()?.Shutdown(LimitMilliseconds),
        () => services.GetService<MeterProvider>()?.Shutdown(LimitMilliseconds),
        () => services.GetService<LoggerProvider>()?.Shutdown(LimitMilliseconds));
}
