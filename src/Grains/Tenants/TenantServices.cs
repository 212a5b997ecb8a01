using Microsoft.Extensions.DependencyInjection;
using Podflare.Keys;

namespace Podflare.Tenants;

public static class TenantServices
{
    /// <summary>Adds the knowledge of tenants and their keys, and <see cref="KeyOptions"/>, which are validated at start.</summary>
    public static IServiceCollection AddTenants(this IServiceCollection services)
    {
        services.AddOptions<KeyOptions>().BindConfiguration(KeyOptions.Section).ValidateDataAnnotations().ValidateOnStart();
        services.AddSingleton<TenantDirectory>();
        return services.AddHostedService(provider => provider.GetRequiredService<TenantDirectory>());
    }
}
