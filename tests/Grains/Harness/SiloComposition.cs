using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.DependencyInjection.Extensions;
using Microsoft.Extensions.Diagnostics.Metrics;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using OpenTelemetry.Metrics;
using OpenTelemetry.Trace;
using Orleans.Configuration;
using Orleans.GrainDirectory;
using Orleans.Reminders;
using Orleans.Runtime;
using Orleans.Storage;
using Podflare.Audit;
using Podflare.Containers;
using Podflare.Engine;
using Podflare.Feed;
using Podflare.Hosting;
using Podflare.Limits;
using Podflare.Processes;
using Podflare.Runs;
using Podflare.Stores;
using Podflare.Telemetry;
using Podflare.Usage;
using StackExchange.Redis;

namespace Podflare.Harness;

/// <summary>
/// Composes a silo as the product does for a cluster, with <see cref="PodflareHosting.AddPodflare"/>, and then replaces what is outside
/// the process: clock, stores, membership, network, container engine.
/// </summary>
internal sealed class SiloComposition(GrainCluster cluster, Machine? machine, Power power, SiloNetwork network, SiloClock clock) : IServiceProviderFactory<IServiceCollection>
{
    // Orleans' own upkeep goes by real time, so that a jump of the clock neither times calls out nor declares silos dead.
    private static readonly string[] RealTime =
    [
        TimeProviderNames.Membership, TimeProviderNames.Messaging, TimeProviderNames.SystemTimers, TimeProviderNames.ActivationManagement, TimeProviderNames.GrainDirectory,
    ];

    public void Configure(IHostApplicationBuilder builder)
    {
        builder.Configuration.AddInMemoryCollection(cluster.Settings.Values);
        builder.Configuration.AddInMemoryCollection(new Dictionary<string, string?>
        {
            // Never dialled: it only makes the product compose a cluster.
            ["ConnectionStrings:Redis"] = "127.0.0.1:1",
            ["Podflare:ClusterId"] = cluster.Id,
            ["Podflare:HostId"] = machine?.Host,
            ["Podflare:RunFolder"] = machine?.Folder ?? cluster.Folder,
        });
        builder.AddPodflare(machine is null ? ProcessRole.Frontend : ProcessRole.Worker);
        builder.ConfigureContainer(this);
    }

    public IServiceCollection CreateBuilder(IServiceCollection services)
    {
        services.AddSingleton<TimeProvider>(clock);
        foreach (var name in RealTime) services.AddKeyedSingleton(name, TimeProvider.System);
        network.Decorate(services);
        UseProductDirectory(services);
        services.AddSingleton(RedisThatIsAway.Create());
        services.AddSingleton(new Storage.StoreAvailability(() => !cluster.Storage.IsAway));
        RemoveJoiningTurn(services);
        var membership = services.Last(service => service.ServiceType == typeof(IMembershipTable));
        services.AddSingleton(PoweredProxy<IMembershipTable>.Create((IMembershipTable)membership.ImplementationInstance!, power));
        services.AddSingleton(PoweredProxy<IReminderTable>.Create(cluster.Reminders, power));
        services.AddSingleton<IEventLog>(new SiloEventLog(cluster.Log, power));
        services.AddSingleton<IUsageLog>(new SiloUsageLog(cluster.Usage, power));
        services.AddSingleton<IAuditLog>(new SiloAuditLog(cluster.Audit, power));
        services.AddSingleton<IFeedLog>(new SiloFeedLog(cluster.Feed, power));
        services.AddKeyedSingleton<IGrainStorage>(Storage.Stores.Durable, new SiloStorage(cluster.Storage, expiry: null, power));
        services.AddKeyedSingleton<IGrainStorage>(Storage.Stores.Kept, new SiloStorage(cluster.Storage, expiry: null, power));
        services.AddKeyedSingleton<IGrainStorage>(Storage.Stores.Expiring, new SiloStorage(cluster.Storage, Storage.Stores.Expiry, power));
        if (cluster.Settings.Limits is { } limits) services.AddSingleton<ITenantLimits>(new SameLimits(limits));
        if (machine is not null)
        {
            services.AddSingleton<IContainerRuntime>(provider => new SiloContainerRuntime(machine.Engine, provider.GetRequiredService<RunFolder>(), power));
            services.AddSingleton<Hosts.IIsolationProbe>(new ScriptedIsolationProbe(machine.Engine));
        }

        services.Configure<ClusterMembershipOptions>(membership =>
        {
            // The test says who is dead: on a busy machine a silent silo may only be slow.
            membership.ProbeTimeout = TimeSpan.FromSeconds(10);
            membership.NumMissedProbesLimit = 10;
            membership.TableRefreshTimeout = cluster.Settings.TableRefresh ?? membership.TableRefreshTimeout;

            // For so long a killed silo that is disposed of tries to say that it stops, which it cannot; meanwhile all its memory is in use.
            membership.MaxJoinAttemptTime = TimeSpan.FromSeconds(15);
        });

        // Each silo allocates two caches of this size at once. Every start of a silo collects garbage until nothing is left, which takes longer the more there is.
        services.Configure<GrainDirectoryOptions>(directory => directory.CacheSize = 10_000);
        services.Configure<SiloMessagingOptions>(messaging => messaging.ResponseTimeout = TimeSpan.FromSeconds(15));
        QuietDown(services);
        return services;
    }

    public IServiceProvider CreateServiceProvider(IServiceCollection containerBuilder) => containerBuilder.BuildServiceProvider();

    // The test cluster registers a directory that loses nothing with a silo; it comes last.
    private static void UseProductDirectory(IServiceCollection services)
    {
        services.Remove(services.Last(service => service.ServiceType == typeof(IGrainDirectory) && GrainDirectoryAttribute.DEFAULT_GRAIN_DIRECTORY.Equals(service.ServiceKey)));
        services.Remove(services.Last(service => service.ServiceType.IsGenericType && service.ServiceType.GenericTypeArguments is [var named] && named == typeof(IGrainDirectory)));
    }

    // It waits for Redis.
    private static void RemoveJoiningTurn(IServiceCollection services)
    {
        foreach (var turn in services.Where(service => !service.IsKeyedService && service.ImplementationType == typeof(JoiningTurn)).ToArray()) services.Remove(turn);
    }

    // No lines on the console, and no exporter or meter: each would listen to the instruments of all silos of this process.
    private void QuietDown(IServiceCollection services)
    {
        services.RemoveAll<ILoggerProvider>();
        services.AddSingleton<ILoggerProvider>(new CapturedLogs.Provider(cluster.Logs, machine?.Host ?? "frontend", power));
        services.RemoveAll<IMetricsListener>();
        services.RemoveAll<MeterProvider>();
        services.RemoveAll<TracerProvider>();
        foreach (var service in services.Where(IsTelemetry).ToArray()) services.Remove(service);
    }

    private static bool IsTelemetry(ServiceDescriptor service) =>
        service is { IsKeyedService: false, ServiceType: var type } && type == typeof(IHostedService)
            && (service.ImplementationType == typeof(TelemetryStop) || service.ImplementationType?.Namespace?.StartsWith("OpenTelemetry", StringComparison.Ordinal) == true);
}
