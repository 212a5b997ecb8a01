using Microsoft.Extensions.DependencyInjection.Extensions;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;
using Podflare;

namespace Microsoft.Extensions.DependencyInjection;

/// <summary>Adds <see cref="PodflareClient"/> to the services of an application.</summary>
/// <example>
/// <code>
/// builder.Services.AddPodflareClient(options => options.BaseAddress = new Uri("http://127.0.0.1:7070"));
/// </code>
/// </example>
public static class PodflareClientServices
{
    /// <summary>The name of the <see cref="HttpClient"/> that the client uses.</summary>
    public const string HttpClientName = "Podflare";

    /// <summary>
    /// Adds a singleton <see cref="PodflareClient"/> that uses <see cref="IHttpClientFactory"/>. Invalid options make the host fail at startup.
    /// </summary>
    /// <returns>The builder of the HTTP client, to which the application can add handlers.</returns>
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
            // The singleton keeps its handler, so the handler itself has to follow changed DNS records.
            .ConfigurePrimaryHttpMessageHandler(static provider => PodflareClient.CreateHandler(provider.GetRequiredService<IOptions<PodflareClientOptions>>().Value))
            .SetHandlerLifetime(Timeout.InfiniteTimeSpan);
    }
}
