using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.DependencyInjection.Extensions;
using Microsoft.Extensions.Options;
using Orleans.Hosting;
using Orleans.Streams;

namespace Podflare.Streaming;

public static class RunStreamServices
{
    /// <summary>Adds both ends of the run streams to a silo. The producer's end serves grains of type <c>sandbox</c>.</summary>
    public static ISiloBuilder AddRunStreams(this ISiloBuilder silo)
    {
        silo.AddGrainExtension<IRunStreamExtension, RunStreamExtension>();
        silo.Services.AddRunStreamConsumers();
        return silo;
    }

    /// <summary>Adds the consumer's end of the run streams to a client.</summary>
    public static IClientBuilder AddRunStreams(this IClientBuilder client)
    {
        client.Services.AddRunStreamConsumers();
        return client;
    }

    /// <summary>Ends all run streams of this activation and tells their readers to come again. From <c>OnDeactivateAsync</c>; does not wait.</summary>
    public static void StopRunStreams(this IGrainContext context)
    {
        if (context.GetComponent<IRunStreamExtension>() is RunStreamExtension extension) extension.StopAll();
    }

    /// <summary>Subscriptions to this activation's runs under way.</summary>
    public static int CountRunReaders(this IGrainContext context) =>
        context.GetComponent<IRunStreamExtension>() is RunStreamExtension extension ? extension.Readers : 0;

    private static void AddRunStreamConsumers(this IServiceCollection services)
    {
        services.TryAddSingleton(TimeProvider.System);
        services.AddOptions<RunReaderOptions>().BindConfiguration(RunReaderOptions.Section).ValidateOnStart();
        services.TryAddEnumerable(ServiceDescriptor.Singleton<IValidateOptions<RunReaderOptions>, RunReaderOptionsValidator>());
        services.TryAddSingleton(new RunProducer(GrainType.Create("sandbox")));
        services.TryAddSingleton<RunStreamProvider>();
        services.TryAddKeyedSingleton<IStreamProvider>(RunStreamProvider.ProviderName, (provider, _) => provider.GetRequiredService<RunStreamProvider>());
        services.TryAddSingleton<RunReader>();
    }
}
