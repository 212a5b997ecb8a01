using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.DependencyInjection.Extensions;
using Microsoft.Extensions.Options;
using Orleans.Configuration;
using Orleans.Hosting;
using Orleans.Streams;
using Orleans.TestingHost;
using Podflare.Runs;
using Podflare.Sandboxes;

namespace Podflare.Streaming;

/// <summary>Two silos and an external client over one memory log, which outlives activations and silos as Redis would.</summary>
public sealed class StreamFixture : IAsyncLifetime
{
    public const int MaxReaders = 12;

    private static readonly MemoryEventLog Log = new(Options.Create(new RunOptions()), TimeProvider.System);

    public TestCluster Cluster { get; private set; } = null!;

    public RunReader ClientReader => Cluster.Client.ServiceProvider.GetRequiredService<RunReader>();

    public IStreamProvider ClientStreams => Cluster.Client.GetStreamProvider(RunStreamProvider.ProviderName);

    /// <summary>One reader in each process: the first silo, the second one, the external client.</summary>
    public IEnumerable<IServiceProvider> Processes => [.. Cluster.Silos.Cast<InProcessSiloHandle>().Select(silo => silo.SiloHost.Services), Cluster.Client.ServiceProvider];

    public async ValueTask InitializeAsync()
    {
        var builder = new TestClusterBuilder(2);
        builder.AddSiloBuilderConfigurator<SiloSetup>();
        builder.AddClientBuilderConfigurator<ClientSetup>();
        Cluster = builder.Build();
        await Cluster.DeployAsync();
    }

    public async ValueTask DisposeAsync() => await Cluster.DisposeAsync();

    public (SandboxId Id, ITestSandboxGrain Grain) NewSandbox()
    {
        var id = SandboxId.New("0123abcd");
        return (id, Cluster.GrainFactory.GetGrain<ITestSandboxGrain>(id.Value));
    }

    private static void Configure(IServiceCollection services)
    {
        services.AddSingleton(new RunProducer(GrainType.Create(TestSandboxGrain.Name)));
        services.Configure<RunReaderOptions>(options =>
        {
            options.BufferBytes = 64 * 1024;
            options.RoomSeconds = 0.2;
            options.PatienceSeconds = 20;
        });
    }

    private sealed class SiloSetup : ISiloConfigurator
    {
        public void Configure(ISiloBuilder silo)
        {
            StreamFixture.Configure(silo.Services);
            silo.AddRunStreams();
            silo.Services.AddSingleton<IEventLog>(Log);
            silo.Services.AddRuns();
            silo.Services.Configure<RunOptions>(options =>
            {
                options.RingBytes = 64 * 1024;
                options.MaxLogBytes = 1024 * 1024;
                options.ReaderPatienceSeconds = 1;
                options.BatchBytes = 16 * 1024;
                options.HeartbeatSeconds = 1;
                options.MaxReaders = MaxReaders;
            });
            silo.Configure<ClusterMembershipOptions>(options =>
            {
                options.ProbeTimeout = TimeSpan.FromSeconds(1);
                options.NumMissedProbesLimit = 3;
            });
        }
    }

    private sealed class ClientSetup : IClientBuilderConfigurator
    {
        public void Configure(IConfiguration configuration, IClientBuilder client)
        {
            StreamFixture.Configure(client.Services);
            client.AddRunStreams();
        }
    }
}
