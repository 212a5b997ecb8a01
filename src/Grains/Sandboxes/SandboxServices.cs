using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.DependencyInjection.Extensions;
using Orleans.Hosting;
using Podflare.Runs;
using Podflare.Traffic;

namespace Podflare.Sandboxes;

public static class SandboxServices
{
    /// <summary>Adds what sandbox grains need, and <see cref="SandboxOptions"/>, which are validated at start.</summary>
    public static IServiceCollection AddSandboxes(this IServiceCollection services)
    {
        services.AddOptions<SandboxOptions>().BindConfiguration(SandboxOptions.Section).ValidateDataAnnotations().ValidateOnStart();
        services.TryAddSingleton<TrafficLog>();
        services.TryAddSingleton<SandboxSettings>();
        services.TryAddSingleton<SandboxHosts>();
        services.TryAddSingleton<SandboxRecordStore>();
        services.TryAddSingleton<SandboxLogs>();
        services.TryAddSingleton<CreateReservations>();
        services.TryAddSingleton<SandboxCreator>();
        return services;
    }

    /// <summary>Adds the processes of sandboxes, by process id or tag, and polled watches to a silo.</summary>
    public static ISiloBuilder AddProcesses(this ISiloBuilder silo) => silo.AddGrainExtension<IProcessExtension, ProcessExtension>().AddGrainExtension<IWatcherExtension, WatcherExtension>();
}
