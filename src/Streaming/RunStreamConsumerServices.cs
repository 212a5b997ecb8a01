using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.DependencyInjection.Extensions;
using Microsoft.Extensions.Options;
using Orleans.Hosting;
using Orleans.Runtime;
using Orleans.Streams;

namespace Podflare.Streaming;

public static class RunStreamConsumerServices
{
    /// <summary>Adds the consumer's end of the run streams to a client.</summary>
    public static IClientBuilder AddRunStreams(this IClientBuilder client)
    {
        client.Services.AddRunStreamConsumers();
        return client;
    }

    /// <summary>Adds the consumer's end of the run streams. Their producers are the grains of type <c>sandbox</c>.</summary>
    public static IServiceCollection AddRunStreamConsumers(this IServiceCollection services)
    {
        services.TryAddSingleton(TimeProvider.System);
        services.AddOptions<RunReaderOptions>().BindConfiguration(RunReaderOptions.Section).ValidateOnStart();
        services.TryAddEnumerable(ServiceDescriptor.Singleton<IValidateOptions<RunReaderOptions>, RunReaderOptionsValidator>());
        services.TryAddSingleton(new RunProducer(GrainType.Create("sandbox")));
        services.TryAddSingleton<RunStreamProvider>();
        services.TryAddKeyedSingleton<IStreamProvider>(RunStreamProvider.ProviderName, (provider, _) => provider.GetRequiredService<RunStreamProvider>());
        services.TryAddSingleton<RunReader>();
        return services;
    }
}
