using System.Net;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using OpenTelemetry.Metrics;
using Podflare.Processes;

namespace Podflare.Telemetry;

/// <summary><c>GET /metrics</c> for Prometheus, with exemplars where it asks for OpenMetrics.</summary>
public static class MetricsEndpoint
{
    /// <summary>A listener for metrics alone, <c>ip:port</c>. Default: none on a frontend; a worker has them beside its health.</summary>
    public const string AddressKey = "PODFLARE_METRICS_ADDR";

    /// <summary>Whether the API's own port serves them too, to keys with the scope <c>metrics:read</c>.</summary>
    public const string OnApiKey = "Podflare:Http:ExposeMetrics";

    private const string Path = "/metrics";

    public static bool IsOnApi(IConfiguration settings) => settings.GetValue<bool>(OnApiKey);

    /// <exception cref="StartUpException">The address is none.</exception>
    public static IPEndPoint? Address(IConfiguration settings)
    {
        if (settings[AddressKey] is not { Length: > 0 } text) return null;
        return IPEndPoint.TryParse(text, out var address) && address.Port > 0 ? address : throw new StartUpException($"{AddressKey} must be ip:port, not '{text}'.");
    }

    /// <summary>Serves them on every listener of the process, where it measures anything.</summary>
    public static void UseMetrics(this IApplicationBuilder app)
    {
        if (app.ApplicationServices.GetService<MeterProvider>() is null) return;
        app.UseOpenTelemetryPrometheusScrapingEndpoint(static context => context.Request.Path == Path);
    }

    /// <summary>Serves them to whoever the caller lets through; null where nothing is measured.</summary>
    public static RequestDelegate? CreateHandler(IServiceProvider services) => services.GetService<MeterProvider>() is null
        ? null
        : new ApplicationBuilder(services).UseOpenTelemetryPrometheusScrapingEndpoint(static _ => true).Build();

    /// <summary>Serves them on one port, and nothing else there: the API's rules about who may call hold for its own listener.</summary>
    public static void UseMetrics(this IApplicationBuilder app, int port)
    {
        app.UseOpenTelemetryPrometheusScrapingEndpoint(context => context.Connection.LocalPort == port && context.Request.Path == Path);
        app.Use((context, next) =>
        {
            if (context.Connection.LocalPort != port) return next(context);
            context.Response.StatusCode = StatusCodes.Status404NotFound;
            return Task.CompletedTask;
        });
    }
}
