using Microsoft.Extensions.Options;
using Podflare.Audit;
using Podflare.Feed;
using Podflare.Secrets;

namespace Podflare.Webhooks;

/// <summary>What the webhooks of a process have in common.</summary>
public sealed class WebhookDependencies(IFeedLog log, WebhookCalls calls, SecretBox secrets, AuditReporter audit, IOptions<WebhookOptions> options)
{
    public IFeedLog Log => log;

    public WebhookCalls Calls => calls;

    public SecretBox Secrets => secrets;

    public AuditReporter Audit => audit;

    public WebhookOptions Options => options.Value;

    internal WebhookSchedule Schedule { get; } = WebhookSchedule.Of(options.Value);
}
