using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.DependencyInjection.Extensions;
using Podflare.Storage;
using StackExchange.Redis;

namespace Podflare.Audit;

public static class AuditServices
{
    /// <summary>
    /// Adds the audit logs and their options: in Redis when <c>ConnectionStrings:Redis</c> is set, through the host's
    /// <see cref="IConnectionMultiplexer"/>; else in files of the run folder.
    /// </summary>
    public static IServiceCollection AddAudit(this IServiceCollection services)
    {
        services.AddOptions<AuditOptions>().BindConfiguration(AuditOptions.Section).ValidateDataAnnotations().ValidateOnStart();
        services.TryAddSingleton<IAuditLog>(provider =>
            RedisConnection.Find(provider.GetRequiredService<IConfiguration>()) is null
                ? ActivatorUtilities.CreateInstance<FileAuditLog>(provider)
                : ActivatorUtilities.CreateInstance<RedisAuditLog>(provider));
        services.TryAddSingleton<AuditReporter>();
        return services.AddHostedService(provider => provider.GetRequiredService<AuditReporter>());
    }
}
