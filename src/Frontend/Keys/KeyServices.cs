using Podflare.Tenants;

namespace Podflare.Keys;

internal static class KeyServices
{
    /// <summary>Adds the authentication of callers and the management of keys.</summary>
    public static IServiceCollection AddKeys(this IServiceCollection services)
    {
        services.AddSingleton<KeyTable>().AddSingleton<ITenantObserver>(provider => provider.GetRequiredService<KeyTable>());
        services.AddSingleton<WrongKeyLimiter>().AddSingleton<KeyAuthenticator>().AddSingleton<KeyManager>();
        return services.AddHostedService<KeyMaintenance>();
    }
}
