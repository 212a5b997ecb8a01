using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.DependencyInjection.Extensions;
using Podflare.Storage;
using StackExchange.Redis;

namespace Podflare.Usage;

public static class UsageServices
{
    /// <summary>
    /// Adds the usage log and its options: in Redis when <c>ConnectionStrings:Redis</c> is set, through the host's
    /// <see cref="IConnectionMultiplexer"/>; else in files of the run folder.
    /// </summary>
    public static IServiceCollection AddUsage(this IServiceCollection services)
    {
        services.AddOptions<UsageOptions>().BindConfiguration(UsageOptions.Section).ValidateDataAnnotations().ValidateOnStart();
        services.TryAddSingleton<IUsageLog>(provider =>
            RedisConnection.Find(provider.GetRequiredService<IConfiguration>()) is null
                ? ActivatorUtilities.CreateInstance<FileUsageLog>(provider)
                : ActivatorUtilities.CreateInstance<RedisUsageLog>(provider));
        return services;
    }
}
