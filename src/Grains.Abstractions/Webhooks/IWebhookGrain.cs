using System.Collections.Immutable;
using Orleans.Concurrency;
using Podflare.Audit;
using Podflare.Feed;
using Podflare.Tenants;

namespace Podflare.Webhooks;

/// <summary>The webhooks of one tenant. Key: the tenant's id.</summary>
[Alias("podflare.IWebhookListGrain")]
public interface IWebhookListGrain : IGrainWithStringKey
{
    /// <exception cref="WebhookQuotaExceededException">The tenant has as many webhooks as it may have.</exception>
    /// <exception cref="WebhookAddressException">It may not have this address.</exception>
    /// <exception cref="SecretKeyMissingException">The server offers none.</exception>
    [Alias("Create")]
    Task<WebhookSecret> Create(WebhookSpec spec, AuditOrigin origin);

    /// <summary>All of them, oldest first.</summary>
    [AlwaysInterleave, Alias("List")]
    Task<ImmutableArray<WebhookInfo>> List();

    /// <exception cref="WebhookNotFoundException">The tenant has no such webhook.</exception>
    [Alias("Delete")]
    Task Delete(WebhookId id, AuditOrigin origin);
}

/// <summary>One webhook, which calls its receiver. Key: <see cref="WebhookKey"/>. Every method throws <see cref="WebhookNotFoundException"/> if there is none.</summary>
[Alias("podflare.IWebhookGrain")]
public interface IWebhookGrain : IGrainWithStringKey, IFeedSubscriber
{
    /// <exception cref="WebhookAddressException">It may not have this address.</exception>
    /// <exception cref="SecretKeyMissingException">The server offers none.</exception>
    [AlwaysInterleave, Alias("Create")]
    Task<WebhookSecret> Create(WebhookSpec spec, AuditOrigin origin);

    [AlwaysInterleave, Alias("Get")]
    Task<WebhookInfo> Get();

    /// <exception cref="WebhookAddressException">It may not have this address.</exception>
    [AlwaysInterleave, Alias("Update")]
    Task<WebhookInfo> Update(WebhookUpdate update, AuditOrigin origin);

    /// <summary>Draws a new secret. The old one signs too for a day.</summary>
    /// <exception cref="SecretKeyMissingException">The server offers none.</exception>
    [AlwaysInterleave, Alias("Rotate")]
    Task<WebhookSecret> Rotate(AuditOrigin origin);

    [AlwaysInterleave, Alias("Delete")]
    Task Delete(AuditOrigin origin);

    /// <summary>Sends <c>webhook.test</c>, once.</summary>
    /// <exception cref="WebhookDisabledException">It is disabled.</exception>
    [AlwaysInterleave, Alias("Test")]
    Task Test();

    /// <summary>The deliveries that wait, and the last that do not, newest first.</summary>
    [AlwaysInterleave, Alias("Deliveries")]
    Task<ImmutableArray<WebhookDelivery>> Deliveries();

    /// <summary>Delivers an event once more.</summary>
    /// <exception cref="DeliveryNotFoundException">It was never delivered, or that is forgotten.</exception>
    /// <exception cref="EventsEvictedException">The event has left the feed.</exception>
    /// <exception cref="WebhookDisabledException">It is disabled.</exception>
    [AlwaysInterleave, Alias("Replay")]
    Task Replay(long seq);
}

/// <summary>The key of a webhook's grain.</summary>
public static class WebhookKey
{
    private const char Separator = '/';

    public static string Of(TenantId tenant, WebhookId id) => $"{tenant.Value}{Separator}{id.Value}";

    public static (TenantId Tenant, WebhookId Id) Parse(string key) =>
        key.Split(Separator) is [var tenant, var id] ? (new TenantId(tenant), new WebhookId(id)) : throw new FormatException("The key of a webhook is a tenant and an id.");
}
