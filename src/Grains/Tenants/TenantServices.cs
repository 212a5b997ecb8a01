using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.DependencyInjection.Extensions;
using Podflare.Keys;
using Podflare.Limits;

namespace Podflare.Tenants;

public static class TenantServices
{
    /// <summary>Adds the knowledge of tenants and their keys, and <see cref="KeyOptions"/>, which are validated at start.</summary>
    public static IServiceCollection AddTenants(this IServiceCollection services)
    {
        services.AddOptions<KeyOptions>().BindConfiguration(KeyOptions.Section).ValidateDataAnnotations().ValidateOnStart();
        services.AddOptions<LimitOptions>().BindConfiguration(LimitOptions.Section).ValidateDataAnnotations().ValidateOnStart();
        services.TryAddSingleton<LimitEnforcement>();
        services.AddSingleton<TenantDirectory>();
        services.TryAddSingleton<ITenantLimits, TenantLimitTable>();
        return services.AddHostedService(provider => provider.GetRequiredService<TenantDirectory>());
    }
}
