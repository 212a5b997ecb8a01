using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.DependencyInjection.Extensions;

namespace Podflare.Telemetry;

public static class SandboxTraceServices
{
    /// <summary>Adds what sandbox grains and log lines need to know of traces.</summary>
    public static IServiceCollection AddSandboxTraces(this IServiceCollection services)
    {
        services.TryAddSingleton<SandboxTraces>();
        services.TryAddSingleton<RunSpans>();
        return services;
    }
}
