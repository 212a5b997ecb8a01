using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.DependencyInjection.Extensions;
using Podflare.Storage;
using StackExchange.Redis;

namespace Podflare.Feed;

public static class FeedServices
{
    /// <summary>
    /// Adds the feeds of tenants and their options: in Redis when <c>ConnectionStrings:Redis</c> is set, through the host's
    /// <see cref="IConnectionMultiplexer"/>; else in memory.
    /// </summary>
    public static IServiceCollection AddFeed(this IServiceCollection services)
    {
        services.AddOptions<FeedOptions>().BindConfiguration(FeedOptions.Section).ValidateDataAnnotations().ValidateOnStart();
        services.TryAddSingleton<IFeedLog>(provider =>
            RedisConnection.Find(provider.GetRequiredService<IConfiguration>()) is null
                ? ActivatorUtilities.CreateInstance<MemoryFeedLog>(provider)
                : ActivatorUtilities.CreateInstance<RedisFeedLog>(provider));
        services.TryAddSingleton<FeedWriter>();
        services.TryAddSingleton<FeedReporter>();
        return services.AddHostedService(provider => provider.GetRequiredService<FeedReporter>());
    }
}
