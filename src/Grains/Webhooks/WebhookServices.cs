using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.DependencyInjection.Extensions;
using Podflare.Secrets;

namespace Podflare.Webhooks;

public static class WebhookServices
{
    /// <summary>Adds what webhook grains need, and their options. The process's <see cref="SecretBox"/> is added by its host.</summary>
    public static IServiceCollection AddWebhooks(this IServiceCollection services)
    {
        services.AddOptions<WebhookOptions>().BindConfiguration(WebhookOptions.Section).ValidateDataAnnotations()
            .Validate(static options => options.HasAddresses, $"{WebhookOptions.Section}:{nameof(WebhookOptions.AllowedAddresses)} must be IP addresses, separated by commas.").ValidateOnStart();
        services.TryAddSingleton<WebhookCalls>();
        services.TryAddSingleton<WebhookDependencies>();
        return services;
    }
}
