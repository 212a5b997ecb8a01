using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.DependencyInjection.Extensions;
using Microsoft.Extensions.Options;
using Podflare.Audit;
using Podflare.Feed;
using Podflare.Secrets;

namespace Podflare.Webhooks;

/// <summary>What the webhooks of a process have in common.</summary>
public sealed class WebhookServices(IFeedLog log, WebhookCalls calls, SecretBox secrets, AuditReporter audit, IOptions<WebhookOptions> options)
{
    public IFeedLog Log => log;

    public WebhookCalls Calls => calls;

    public SecretBox Secrets => secrets;

    public AuditReporter Audit => audit;

    public WebhookOptions Options => options.Value;

    internal WebhookSchedule Schedule { get; } = WebhookSchedule.Of(options.Value);
}

public static class WebhookServiceCollection
{
    /// <summary>Adds what webhook grains need, and their options. The process's <see cref="SecretBox"/> is added by its host.</summary>
    public static IServiceCollection AddWebhooks(this IServiceCollection services)
    {
        services.AddOptions<WebhookOptions>().BindConfiguration(WebhookOptions.Section).ValidateDataAnnotations().ValidateOnStart();
        services.TryAddSingleton<WebhookCalls>();
        services.TryAddSingleton<WebhookServices>();
        return services;
    }
}
