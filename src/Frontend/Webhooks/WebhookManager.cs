using Podflare.Http;

namespace Podflare.Webhooks;

/// <summary>Finds the webhooks of a caller's tenant. Those of others have other keys, so they look as if they did not exist.</summary>
internal sealed class WebhookManager(IGrainFactory grains, TimeProvider time)
{
    public IWebhookListGrain List(Caller caller) => grains.GetGrain<IWebhookListGrain>(caller.Tenant.Value);

    public IWebhookGrain Find(Caller caller, WebhookId id) => grains.GetGrain<IWebhookGrain>(WebhookKey.Of(caller.Tenant, id));

    /// <summary>Makes a call that is safe to repeat.</summary>
    public Task<T> CallAsync<T>(Func<Task<T>> call, CancellationToken cancellationToken) => GrainCallRetry.RetryLostAsync(call, time, cancellationToken);
}
