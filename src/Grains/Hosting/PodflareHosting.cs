using System.Net;
using System.Net.Sockets;
using System.Security.Cryptography;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.DependencyInjection.Extensions;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;
using Orleans.Configuration;
using Orleans.Reminders;
using Orleans.Storage;
using Podflare.Audit;
using Podflare.Certificates;
using Podflare.Containers;
using Podflare.Contexts;
using Podflare.Destinations;
using Podflare.Feed;
using Podflare.Files;
using Podflare.Guests;
using Podflare.Hosts;
using Podflare.Limits;
using Podflare.Logs;
using Podflare.Processes;
using Podflare.Relay;
using Podflare.Runs;
using Podflare.Sandboxes;
using Podflare.Secrets;
using Podflare.Storage;
using Podflare.Streaming;
using Podflare.Telemetry;
using Podflare.Tenants;
using Podflare.Usage;
using Podflare.Webhooks;
using StackExchange.Redis;

namespace Podflare.Hosting;

/// <summary>Makes a program a silo of a Podflare cluster, or the whole of an embedded one.</summary>
public static class PodflareHosting
{
    /// <summary>Adds the silo and everything that its role needs.</summary>
    /// <param name="clusterRole">The role of this program where Redis is configured and no other role is.</param>
    /// <returns>The settings that came out of it.</returns>
    /// <exception cref="OptionsValidationException">A setting is not usable; the text says which.</exception>
    public static PodflareProcess AddPodflare(this IHostApplicationBuilder builder, ProcessRole clusterRole)
    {
        var process = PodflareProcess.From(builder.Configuration, clusterRole);
        var services = builder.Services;
        QuietFrameworks(builder.Logging);
        builder.AddTelemetry(process.Role);
        services.AddSingleton(process);
        services.AddSingleton(TimeProvider.System);
        services.AddSingleton(process.Host);
        services.AddHosts().AddTenants().AddLimits(servesHttp: process.Role is not ProcessRole.Worker, process.Host).AddSandboxes();
        services.AddOptions<Podflare.Hosts.HostOptions>().BindConfiguration(Podflare.Hosts.HostOptions.Section).ValidateDataAnnotations().ValidateOnStart();
        services.AddOptions<Microsoft.Extensions.Hosting.HostOptions>().Configure(host => host.ShutdownTimeout = TimeSpan.FromSeconds(30));
        if (process.Folder is { } folder) services.AddSingleton<HostContainers>().AddSingleton<GuestCompiler>().AddSingleton<GuestFolders>().AddSingleton<HostSettings>().AddSingleton<IIsolationProbe, IsolationProbe>().AddSingleton(folder).AddSingleton(new HostIdentity(process.ClusterId, folder.HostId));
        AddStore(services, process);
        services.AddSingleton(SecretBox.Open(builder.Configuration[SecretBox.Variable], process.Redis is null ? process.Folder?.Path : null));
        services.AddRuns().AddUsage().AddAudit().AddFeed().AddWebhooks().AddDestinations().AddGuests().AddRelay().AddContainers().AddSandboxLog(process.Role);
        builder.UseOrleans(silo => Configure(silo, process));
        if (process.Host.Id is not null) services.AddHostedService<HostStarter>();
        return process;
    }

    private static void AddStore(IServiceCollection services, PodflareProcess process)
    {
        if (process.Redis is not { } redis)
        {
            services.AddSingleton(new StoreAvailability(static () => true));
            return;
        }

        services.AddSingleton<IConnectionMultiplexer>(_ => ConnectionMultiplexer.Connect(RedisConnection.Settings(redis, process.RedisAuthority)));
        services.AddOptions<RedisOptions>().BindConfiguration(RedisOptions.Section).ValidateDataAnnotations().ValidateOnStart();
        services.AddSingleton<StoreStart>();
        services.AddSingleton(provider => new StoreAvailability(() => provider.GetRequiredService<IConnectionMultiplexer>().IsConnected));
    }

    // At Information, Orleans tells its whole configuration at every start, and ASP.NET Core four lines of every request.
    private static void QuietFrameworks(ILoggingBuilder logging)
    {
        foreach (var category in new[] { "Orleans", "Microsoft.Orleans", "Microsoft.AspNetCore", "Polly" }) logging.AddFilter(category, LogLevel.Warning);
        // It takes the machine's uptime for a delay, once at every start.
        logging.AddFilter("Orleans.Runtime.Watchdog", LogLevel.Error);
    }

    private static void Configure(ISiloBuilder silo, PodflareProcess process)
    {
        silo.Configure<ClusterOptions>(cluster => (cluster.ClusterId, cluster.ServiceId) = (process.ClusterId, process.ClusterId));
        silo.Configure<GrainCollectionOptions>(grains => grains.DeactivationTimeout = TimeSpan.FromSeconds(20));
        silo.Configure<SiloOptions>(options => options.SiloName = process.SiloName);
        silo.Services.AddPlacementDirector<HostPlacement, HostPlacementDirector>();
        silo.Services.AddSingleton<IConfigureGrainContextProvider, ActivationYield>();

        UseSteadyTime(silo.Services);
        silo.AddRunStreams();
        silo.AddFiles();
        silo.AddContexts();
        silo.AddProcesses();
        if (process.Folder is not null) silo.Services.AddSingleton<ILifecycleParticipant<ISiloLifecycle>, SandboxUserCheck>();
        if (process.Redis is { } redis) UseRedis(silo, process, redis);
        else UseMemory(silo, process);
    }

    // Orleans asks for a clock by the name of the part that uses it.
    private static void UseSteadyTime(IServiceCollection services)
    {
        services.AddSingleton(provider => new SteadyClock(provider.GetRequiredService<TimeProvider>(), provider.GetRequiredService<TimeProvider>().GetUtcNow()));
        services.Replace(ServiceDescriptor.KeyedSingleton<TimeProvider>(KeyedService.AnyKey, static (provider, _) => provider.GetRequiredService<SteadyClock>()));
    }

    private static void UseRedis(ISiloBuilder silo, PodflareProcess process, string redis)
    {
        // A connection each: Orleans closes them at different times of a stop, while appends still finish on ours.
        silo.UseRedisClustering(options => options.ConfigurationOptions = RedisConnection.Settings(redis, process.RedisAuthority));
        UseClusterTime(silo.Services);
        silo.Services.Replace(ServiceDescriptor.Singleton<ILocalSiloDetails, LocalSilo>());
        silo.Services.AddSingleton<ILifecycleParticipant<ISiloLifecycle>, JoiningTurn>();
        silo.Services.AddSingleton<ILifecycleParticipant<ISiloLifecycle>, HostIdCheck>();
        silo.Services.AddSingleton<MembershipWatch>().AddHostedService(provider => provider.GetRequiredService<MembershipWatch>());
        silo.UseRedisReminderService(options => options.ConfigurationOptions = RedisConnection.Settings(redis, process.RedisAuthority));
        AddRedisStore(silo, Stores.Durable, process, expiry: null);
        AddRedisStore(silo, Stores.Expiring, process, Stores.Expiry);
        AddRedisStore(silo, Stores.Kept, process, expiry: null);
        silo.Configure<ClusterMembershipOptions>(membership =>
        {
            membership.ProbeTimeout = TimeSpan.FromSeconds(1);
            membership.NumMissedProbesLimit = 3;
            membership.DefunctSiloExpiration = TimeSpan.FromHours(1);

            // Who is there is told by word of mouth; a word that was lost with a silo is made up for by looking.
            membership.TableRefreshTimeout = TimeSpan.FromSeconds(5);

            // Both compare another silo's clock with one's own: a silo whose clock is an hour ahead would declare every silo that joins dead.
            membership.EvictWhenMaxJoinAttemptTimeExceeded = false;
            membership.SiloGenerationRetirementAge = TimeSpan.FromDays(7);
        });
        if (process.Tls is { } tls)
        {
            silo.UseTls(tls.Configure);
            silo.Services.AddSingleton<ILifecycleParticipant<ISiloLifecycle>>(services => new CertificateReports(tls, services.GetRequiredService<ILogger<CertificateReports>>()));
        }

        var address = process.Address!;
        silo.ConfigureEndpoints(
            address, process.Options.SiloPort ?? 11_111, process.Options.GatewayPort ?? 30_000, listenOnAnyHostAddress: !IPAddress.IsLoopback(address));
    }

    // Rows of the membership table and times of reminders are written by one silo and read by others, whose clocks may differ.
    private static void UseClusterTime(IServiceCollection services)
    {
        services.AddSingleton(provider => ClusterClock.Start(provider.GetRequiredService<IConnectionMultiplexer>(), provider.GetRequiredService<TimeProvider>()));
        services.AddKeyedSingleton<TimeProvider>(ReminderTimeProviderNames.Reminders, static (provider, _) => provider.GetRequiredService<ClusterClock>());
        var table = services.Last(service => service.ServiceType == typeof(IMembershipTable)).ImplementationFactory!;
        services.Replace(ServiceDescriptor.Singleton<IMembershipTable>(provider =>
            new ClusterTimeMembershipTable((IMembershipTable)table(provider), provider.GetRequiredService<ClusterClock>(), TimeProvider.System)));
    }

    private static void AddRedisStore(ISiloBuilder silo, string name, PodflareProcess process, TimeSpan? expiry) =>
        silo.AddRedisGrainStorage(name, options =>
        {
            options.ConfigurationOptions = RedisConnection.Settings(process.Redis!, process.RedisAuthority);
            options.EntryExpiry = expiry;

            // Else each sandbox that ever was leaves a hash behind, for good.
            options.DeleteStateOnClear = true;
            options.GrainStorageSerializer = new RecordSerializer();
        });

    private static void UseMemory(ISiloBuilder silo, PodflareProcess process)
    {
        // Nobody but this process needs its silo, so it has no gateway, and the port of the silo is closed to everybody else.
        silo.UseLocalhostClustering(process.Options.SiloPort ?? FreePort(), gatewayPort: 0, serviceId: process.ClusterId, clusterId: process.ClusterId);
        silo.UseTls(tls => EmbeddedTls.Configure(tls, TimeProvider.System));
        silo.UseInMemoryReminderService();
        AddMemoryStore(silo, Stores.Durable, expiry: null);
        AddMemoryStore(silo, Stores.Expiring, Stores.Expiry);
        silo.Services.AddKeyedSingleton<IGrainStorage>(Stores.Kept, new FileStore(process.Folder!.Kept));
    }

    private static void AddMemoryStore(ISiloBuilder silo, string name, TimeSpan? expiry) =>
        silo.Services.AddKeyedSingleton<IGrainStorage>(name, (services, _) => new MemoryStore(
            expiry, services.GetRequiredService<IOptions<SandboxOptions>>().Value.MaxMemoryRecords, services.GetRequiredService<TimeProvider>()));

    // Below the ports of outgoing connections (net.ipv4.ip_local_port_range), of which any process could take it before the silo listens.
    private static int FreePort()
    {
        const int first = 20_000;
        const int count = 12_000;
        while (true)
        {
            var port = first + RandomNumberGenerator.GetInt32(count);
            try
            {
                using var listener = new TcpListener(IPAddress.Loopback, port);
                listener.Start();
                return port;
            }
            catch (SocketException e) when (e.SocketErrorCode is SocketError.AddressAlreadyInUse)
            {
                // Another one.
            }
        }
    }
}
