using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.DependencyInjection.Extensions;
using Podflare.Hosts;

namespace Podflare.Limits;

public static class LimitServices
{
    /// <summary>Adds this process's shares in the limits of tenants, and the exchange that keeps them up to date.</summary>
    /// <param name="servesHttp">This process answers HTTP requests, so that it needs shares of their rates.</param>
    /// <param name="host">A host needs shares of the runs that may execute.</param>
    public static IServiceCollection AddLimits(this IServiceCollection services, bool servesHttp, LocalHost host)
    {
        services.AddOptions<QuotaOptions>().BindConfiguration(QuotaOptions.Section).ValidateDataAnnotations().ValidateOnStart();
        QuotaKind[] rates = servesHttp ? [QuotaKind.Requests, QuotaKind.Creates] : [];
        QuotaKind[] permits = host.Id is null ? [] : [QuotaKind.Running];
        services.TryAddSingleton(new QuotaKinds([.. rates, .. permits], host.Id is null ? Task.CompletedTask : host.Started));
        services.TryAddSingleton<ITenantLimits, NoLimits>();
        services.TryAddSingleton<LimitEnforcement>();
        services.TryAddSingleton<ShareTable>();
        services.TryAddSingleton<ShareExchange>();
        services.TryAddSingleton<TenantShares>();
        return services.AddHostedService(provider => provider.GetRequiredService<ShareExchange>());
    }
}
