using System.Net;
using System.Security.Cryptography.X509Certificates;
using Microsoft.AspNetCore.Builder;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Orleans.Configuration;
using Orleans.Hosting;
using Orleans.Runtime.MembershipService.SiloMetadata;
using Orleans.Storage;
using Podflare.Audit;
using Podflare.Contexts;
using Podflare.Destinations;
using Podflare.Feed;
using Podflare.Files;
using Podflare.Hosting;
using Podflare.Hosts;
using Podflare.Limits;
using Podflare.Logs;
using Podflare.Processes;
using Podflare.Runs;
using Podflare.Sandboxes;
using Podflare.Scripted;
using Podflare.Secrets;
using Podflare.Storage;
using Podflare.Streaming;
using Podflare.Telemetry;
using Podflare.Tenants;
using Podflare.Usage;
using Podflare.Webhooks;

[assembly: AssemblyFixture(typeof(Podflare.SharedCluster))]

namespace Podflare;

/// <summary>A real frontend on a real socket, in a real cluster of silos, whose grains are scripted.</summary>
public sealed class Cluster : IAsyncDisposable
{
    /// <summary>The host of the frontend's own silo.</summary>
    public const string Host = "00000001";

    public const string Key = "key-of-default";
    public const string AcmeKey = "key-of-acme";
    public const string AdminKey = "key-of-an-administrator-of-this-server";

    /// <summary>A setting for these tests alone: the PEM file of the authority that clients trust.</summary>
    public const string AuthorityOfTests = "Tests:Authority";

    private readonly List<IHost> _workers = [];
    private WebApplication? _app;

    public World World { get; } = new();

    public HttpClient Client { get; private set; } = new();

    public Uri Address { get; private set; } = new("http://127.0.0.1");

    /// <summary>The frontend's process, to stop it.</summary>
    public IHost App => _app!;

    public static async Task<Cluster> StartAsync(IReadOnlyList<string> workers, params (string Key, string Value)[] settings)
    {
        var cluster = new Cluster();
        int[] ports = [.. Enumerable.Range(0, 2 * (workers.Count + 1)).Select(_ => Ports.Free())];
        var id = Guid.NewGuid().ToString("N");
        await cluster.StartFrontendAsync(settings, silo => Configure(silo, cluster.World, id, ports, 0, "all", Host));
        for (var i = 0; i < workers.Count; i++) await cluster.StartWorkerAsync(id, ports, i + 1, workers[i]);
        await WaitAsync(async () => (await cluster.Client.GetAsync("/readyz")).IsSuccessStatusCode);
        // The frontend is ready when one host answers.
        var hosts = cluster.App.Services.GetRequiredService<HostDirectory>();
        await WaitAsync(async () => (await hosts.AskAsync(static host => host.Load(), CancellationToken.None)).Count(host => host.Answer is not null) == workers.Count + 1);
        return cluster;
    }

    public HttpClient ClientOf(string? key)
    {
        // The published client asks for gzip in every request.
        var client = new HttpClient(CreateHandler()) { BaseAddress = Address, Timeout = TimeSpan.FromSeconds(30), DefaultRequestHeaders = { { "Accept-Encoding", "gzip" } } };
        if (key is not null) client.DefaultRequestHeaders.Authorization = new("Bearer", key);
        return client;
    }

    private SocketsHttpHandler CreateHandler()
    {
        var handler = new SocketsHttpHandler();
        if (_app?.Configuration[AuthorityOfTests] is not { } authority) return handler;
        handler.SslOptions.CertificateChainPolicy = new X509ChainPolicy { TrustMode = X509ChainTrustMode.CustomRootTrust, RevocationMode = X509RevocationMode.NoCheck };
        handler.SslOptions.CertificateChainPolicy.CustomTrustStore.ImportFromPemFile(authority);
        return handler;
    }

    public static async Task WaitAsync(Func<Task<bool>> condition)
    {
        using var limit = new CancellationTokenSource(TimeSpan.FromSeconds(20));
        while (!await condition()) await Task.Delay(TimeSpan.FromMilliseconds(10), TimeProvider.System, limit.Token);
    }

    public static Task WaitAsync(Func<bool> condition) => WaitAsync(() => Task.FromResult(condition()));

    public async ValueTask DisposeAsync()
    {
        Client.Dispose();
        foreach (var worker in _workers)
        {
            await worker.StopAsync();
            worker.Dispose();
        }

        await _app!.DisposeAsync();
    }

    private async Task StartFrontendAsync((string Key, string Value)[] settings, Action<ISiloBuilder> silo)
    {
        var builder = WebApplication.CreateBuilder();
        builder.Configuration.AddInMemoryCollection(
        [
            new("PODFLARE_HOSTD_ADDR", "127.0.0.1:0"), new("PODFLARE_API_KEYS", $"{Key},acme:{AcmeKey}"), new("PODFLARE_ADMIN_KEYS", $"ops:{AdminKey}"), new("Podflare:Keys:WrongBurst", "100000"),
            new("Podflare:Directory:PeriodSeconds", "0.1"), new("Podflare:Directory:AnswerSeconds", "0.5"),
        ]);
        // A server without keys has none for administrators either.
        if (settings.Contains(("PODFLARE_API_KEYS", ""))) builder.Configuration["PODFLARE_ADMIN_KEYS"] = "";
        builder.Configuration.AddInMemoryCollection(settings.Select(setting => KeyValuePair.Create(setting.Key, (string?)setting.Value)));
        if (MetricsEndpoint.IsOnApi(builder.Configuration)) builder.AddTelemetry(ProcessRole.Frontend);
        builder.Logging.ClearProviders();
        builder.Services.AddSingleton(World).AddSingleton<ITenantLimits, ScriptedLimits>().AddHosts().AddTenants().AddLimits(servesHttp: true, new LocalHost(null)).AddSingleton<CreateReservations>().AddSingleton<SandboxCreator>().AddRuns();
        builder.Services.AddSingleton<IUsageLog>(World.Usage).AddOptions<UsageOptions>();
        builder.Services.AddOptions<Podflare.Files.FileOptions>();
        builder.Services.AddSandboxLog(ProcessRole.All);
        builder.UseOrleans(silo);
        builder.AddFrontend();
        _app = builder.Build();
        _app.MapFrontend();
        await _app.StartAsync();
        Address = new Uri(_app.Urls.First());
        Client = ClientOf(Key);
    }

    private async Task StartWorkerAsync(string id, int[] ports, int index, string host)
    {
        var builder = Microsoft.Extensions.Hosting.Host.CreateApplicationBuilder();
        builder.Logging.ClearProviders();
        builder.Services.AddSingleton(World).AddSingleton(TimeProvider.System).AddSingleton<ITenantLimits, ScriptedLimits>().AddHosts().AddTenants();
        builder.UseOrleans(silo => Configure(silo, World, id, ports, index, "worker", host));
        var worker = builder.Build();
        await worker.StartAsync();
        _workers.Add(worker);
    }

    private static void Configure(ISiloBuilder silo, World world, string id, int[] ports, int index, string role, string host)
    {
        world.Host(host);
        silo.UseLocalhostClustering(ports[2 * index], ports[2 * index + 1], new IPEndPoint(IPAddress.Loopback, ports[0]), id, id);
        silo.AddRunStreams();
        silo.AddGrainExtension<IRunStreamExtension, ScriptedPumps>();
        silo.AddGrainExtension<IFileExtension, ScriptedFiles>();
        silo.AddGrainExtension<IContextExtension, ScriptedContexts>();
        silo.AddIncomingGrainCallFilter(call => call.Grain is TenantRegistryGrain && world.RegistryFailure is { } failure ? throw failure() : call.Invoke());
        silo.Configure<SiloOptions>(options => options.SiloName = HostSilos.NameOf(role, host));
        silo.Services.AddPlacementDirector<HostPlacement, HostPlacementDirector>();
        silo.Services.AddKeyedSingleton<IGrainStorage>(Stores.Kept, world.Kept);
        silo.Services.AddKeyedSingleton<IGrainStorage>(Stores.Durable, world.Kept);
        silo.Services.AddSingleton<IFeedLog>(world.Feed).AddSingleton<FeedWriter>().AddOptions<FeedOptions>();
        silo.UseInMemoryReminderService();
        silo.Services.AddSingleton(new SecretBox(new byte[32])).AddSingleton<AuditReporter>().AddSingleton<WebhookCalls>().AddSingleton<WebhookDependencies>();
        silo.Services.Configure<WebhookOptions>(webhooks => (webhooks.AllowHttp, webhooks.AllowedAddresses, webhooks.PerTenant) = (true, "127.0.0.1", 3));
        silo.Services.AddDestinations().Configure<DestinationOptions>(destinations => (destinations.AllowHttp, destinations.AllowedAddresses) = (true, "127.0.0.1"));
        silo.Services.AddSingleton<IAuditLog>(world.Audit).AddOptions<AuditOptions>();
        // The real grains have the same names; here their places are taken, except those of tenants, of their audit logs, feeds and destinations, and webhooks, which need nothing but a store.
        Type[] real = [typeof(TenantGrain), typeof(TenantRegistryGrain), typeof(QuotaBoardGrain), typeof(AuditGrain), typeof(FeedGrain), typeof(WebhookGrain), typeof(WebhookListGrain), typeof(DestinationGrain), typeof(DestinationHostGrain)];
        silo.Services.Configure<GrainTypeOptions>(types => types.Classes.RemoveWhere(type => type.Assembly.GetName().Name == "Podflare.Grains" && !real.Contains(type)));
    }
}

/// <summary>One cluster of three hosts for all tests that do not stop or fill it.</summary>
public sealed class SharedCluster : IAsyncLifetime
{
    public const string SecondHost = "00000002";
    public const string ThirdHost = "00000003";

    public Cluster Cluster { get; private set; } = null!;

    public async ValueTask InitializeAsync() => Cluster = await Cluster.StartAsync(
        [SecondHost, ThirdHost],
        ("Podflare:Http:StartSeconds", "2"), ("Podflare:Http:AnswerSeconds", "2"), ("Podflare:Http:CompatHeartbeatSeconds", "1"), ("Podflare:Http:SseHeartbeatSeconds", "1"),
        ("PODFLARE_REGION", "here"), ("PODFLARE_PUBLIC_URL", "https://podflare.example/"));

    public ValueTask DisposeAsync() => Cluster.DisposeAsync();
}
