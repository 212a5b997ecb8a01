using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.DependencyInjection.Extensions;
using Microsoft.Extensions.Options;
using Podflare.Storage;
using StackExchange.Redis;

namespace Podflare.Runs;

public static class RunServices
{
    /// <summary>
    /// Adds the options of runs and the event log: in Redis when <c>ConnectionStrings:Redis</c> is set, through the host's
    /// <see cref="IConnectionMultiplexer"/>; else in memory.
    /// </summary>
    public static IServiceCollection AddRuns(this IServiceCollection services)
    {
        services.TryAddSingleton(TimeProvider.System);
        services.AddOptions<RunOptions>().BindConfiguration(RunOptions.Section).ValidateOnStart();
        services.TryAddEnumerable(ServiceDescriptor.Singleton<IValidateOptions<RunOptions>, RunOptionsValidator>());
        services.AddOptions<ToolOptions>().BindConfiguration(ToolOptions.Section).ValidateOnStart();
        services.TryAddEnumerable(ServiceDescriptor.Singleton<IValidateOptions<ToolOptions>, ToolOptionsValidator>());
        services.TryAddSingleton<RunSpans>();
        services.TryAddSingleton<IEventLog>(provider =>
            RedisConnection.Find(provider.GetRequiredService<IConfiguration>()) is null
                ? ActivatorUtilities.CreateInstance<MemoryEventLog>(provider)
                : ActivatorUtilities.CreateInstance<RedisEventLog>(provider));
        return services;
    }
}
