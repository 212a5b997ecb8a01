using Microsoft.Extensions.DependencyInjection.Extensions;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;
using Podflare;

namespace Microsoft.Extensions.DependencyInjection;

/// <summary>Adds <see cref="PodflareClient"/> to an application's services.</summary>
public static class PodflareClientServices
{
    /// <summary>Name of the <see cref="HttpClient"/> that the client sends by.</summary>
    public const string HttpClientName = "Podflare";

    /// <summary>
    /// Adds one <see cref="PodflareClient"/> on an <see cref="IHttpClientFactory"/> client. A wrong option fails the start of the host.
    /// </summary>
    /// <returns>The builder of the HTTP client, for handlers of the application's own.</returns>
    public static IHttpClientBuilder AddPodflareClient(this IServiceCollection services, Action<PodflareClientOptions>? configure = null)
    {
        ArgumentNullException.ThrowIfNull(services);
        services.TryAddEnumerable(ServiceDescriptor.Singleton<IValidateOptions<PodflareClientOptions>, PodflareClientOptionsValidator>());
        var options = services.AddOptions<PodflareClientOptions>().ValidateOnStart();
        if (configure is not null) options.Configure(configure);
        services.TryAddSingleton(TimeProvider.System);
        services.TryAddSingleton(static provider => new PodflareClient(
            provider.GetRequiredService<IOptions<PodflareClientOptions>>().Value.Clone(),
            provider.GetRequiredService<IHttpClientFactory>().CreateClient(HttpClientName),
            provider.GetService<ILogger<PodflareClient>>(),
            provider.GetRequiredService<TimeProvider>()));
        return services
            .AddHttpClient(HttpClientName, static client => client.Timeout = Timeout.InfiniteTimeSpan)
            // The one client keeps its handler, so the handler itself follows changed addresses.
            .ConfigurePrimaryHttpMessageHandler(static provider => PodflareClient.CreateHandler(provider.GetRequiredService<IOptions<PodflareClientOptions>>().Value))
            .SetHandlerLifetime(Timeout.InfiniteTimeSpan);
    }
}
