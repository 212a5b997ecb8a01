using Podflare.Keys;

namespace Podflare.Oidc;

internal static class OidcServices
{
    /// <summary>Adds tokens of an identity provider, where one is configured.</summary>
    public static IServiceCollection AddOidc(this IServiceCollection services, IConfiguration configuration)
    {
        services.AddOptions<OidcOptions>().BindConfiguration(OidcOptions.Section).ValidateDataAnnotations().ValidateOnStart();
        if (!string.IsNullOrWhiteSpace(configuration[OidcOptions.AuthorityKey])) services.AddSingleton<ITokenAuthenticator, OidcAuthenticator>();
        return services;
    }
}
