using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.DependencyInjection.Extensions;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;
using Orleans.Configuration;
using Orleans.Hosting;
using Podflare.Certificates;
using Podflare.Sandboxes;
using Podflare.Storage;
using Podflare.Streaming;
using Podflare.Tenants;

namespace Podflare.GrainClient;

/// <summary>Makes a program a client of a Podflare cluster, over Orleans.</summary>
public static class PodflareGrainClient
{
    private const int MaxTenant = 64;

    /// <summary>
    /// Adds <see cref="ISandboxes"/>, for the sandboxes of one tenant. The host's start waits until a silo of the cluster answers, and fails
    /// with <see cref="ClusterUnreachableException"/> after <see cref="GrainClientOptions.ConnectSeconds"/>.
    /// Gateways do not check API keys: a program with a certificate of the cluster can act for every tenant, and so can any program that reaches a cluster without certificates.
    /// Section <c>Podflare:Cluster</c> names this program's certificate (<c>Certificate</c>, <c>Key</c>, <c>Authority</c>), and <c>Podflare:Redis:Authority</c>
    /// the authority of Redis' certificate.
    /// </summary>
    /// <param name="redis">Connection string of the cluster's Redis: the silos are found there.</param>
    /// <param name="tenant">The tenant whose sandboxes are used: 1 to 64 letters, digits, <c>-</c>, <c>_</c> or <c>.</c>.</param>
    /// <param name="configure">Changes the options, which section <c>Podflare:GrainClient</c> can set as well.</param>
    /// <exception cref="OptionsValidationException">A certificate cannot be used.</exception>
    /// <exception cref="ArgumentException">The tenant's name is not valid, or the connection string is empty or not valid.</exception>
    public static IHostApplicationBuilder AddPodflareGrainClient(
        this IHostApplicationBuilder builder, string redis, string tenant, Action<GrainClientOptions>? configure = null)
    {
        ArgumentException.ThrowIfNullOrWhiteSpace(redis);
        if (tenant is not { Length: > 0 and <= MaxTenant } || !tenant.All(c => char.IsAsciiLetterOrDigit(c) || c is '-' or '_' or '.'))
            throw new ArgumentException($"The tenant's name must be 1 to {MaxTenant} letters, digits, '-', '_' or '.'.", nameof(tenant));

        var settings = RedisConnection.Settings(redis, RedisConnection.FindAuthority(builder.Configuration));
        var tls = ClusterTls.Find(builder.Configuration);
        var services = builder.Services;
        services.AddSingleton(new ClusterAddress(RedisConnection.Describe(redis)));
        services.TryAddSingleton(TimeProvider.System);
        var options = services.AddOptions<GrainClientOptions>().BindConfiguration(GrainClientOptions.Section).ValidateOnStart();
        services.TryAddEnumerable(ServiceDescriptor.Singleton<IValidateOptions<GrainClientOptions>, GrainClientOptionsValidator>());
        if (configure is not null) options.Configure(configure);
        services.AddOptions<ClusterOptions>().Configure<IOptions<GrainClientOptions>>(
            static (cluster, own) => (cluster.ClusterId, cluster.ServiceId) = (own.Value.ClusterId, own.Value.ClusterId));
        builder.UseOrleansClient(client =>
        {
            client.UseRedisClustering(clustering => clustering.ConfigurationOptions = settings);
            if (tls is not null) client.UseTls(tls.Configure);
            // A lost gateway is found out, and a new one found, within seconds.
            client.Configure<GatewayOptions>(gateways => gateways.GatewayListRefreshPeriod = TimeSpan.FromSeconds(5));
            client.UseConnectionRetryFilter<ConnectionRetryFilter>();
            client.AddRunStreams();
            client.Services.AddSingleton<GatewayCountChangedHandler>(static provider => (_, change) =>
            {
                if (change.NumberOfConnectedGateways < change.PreviousNumberOfConnectedGateways) provider.GetRequiredService<RunStreamProvider>().OnGatewayLost();
            });
        });
        builder.Logging.AddFilter("Orleans", LogLevel.Warning);
        services.AddSingleton<GrainCalls>();
        services.AddSingleton<ISandboxes>(provider => ActivatorUtilities.CreateInstance<Sandboxes>(provider, new TenantId(tenant)));
        return builder;
    }
}
