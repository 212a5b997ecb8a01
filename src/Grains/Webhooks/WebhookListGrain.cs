using System.Collections.Immutable;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using Orleans.Storage;
using Podflare.Audit;
using Podflare.Hosts;
using Podflare.Storage;
using Podflare.Tenants;

namespace Podflare.Webhooks;

/// <summary>The ids of a tenant's webhooks. One whose creation did not succeed, or whose deletion did not get this far, may be among them.</summary>
[GenerateSerializer, Immutable, Alias("podflare.WebhookListRecord")]
public sealed record WebhookListRecord
{
    [Id(0)] public ImmutableArray<string> Webhooks { get; init; } = [];
}

/// <inheritdoc cref="IWebhookListGrain"/>
/// <remarks>Calls that change something do not interleave.</remarks>
[GrainType("webhooks"), HostPlacement]
public sealed class WebhookListGrain(
    [FromKeyedServices(Stores.Kept)] IGrainStorage kept, IGrainContext context, WebhookDependencies services, ILogger<WebhookListGrain> logger) : Grain, IWebhookListGrain
{
    private readonly GrainRecord<WebhookListRecord> _record = new(kept, "webhooks", context.GrainId, logger);
    private readonly TenantId _tenant = new(context.GrainId.Key.ToString()!);

    public override Task OnActivateAsync(CancellationToken cancellationToken) => _record.ReadAsync();

    public async Task<WebhookSecret> Create(WebhookSpec spec, AuditOrigin origin)
    {
        services.Secrets.Require();
        var living = (await List()).Select(webhook => webhook.Id.Value).ToImmutableArray();
        if (living.Length >= services.Options.PerTenant) throw new WebhookQuotaExceededException(services.Options.PerTenant);
        var id = WebhookId.New();
        // First the list: a webhook that no list has could never be deleted.
        await WriteAsync([.. living, id.Value]);
        return await Webhook(id).Create(spec, origin);
    }

    public async Task<ImmutableArray<WebhookInfo>> List()
    {
        var found = await Task.WhenAll(_record.Value.Webhooks.Select(id => FindAsync(new WebhookId(id))));
        return [.. found.OfType<WebhookInfo>()];
    }

    public async Task Delete(WebhookId id, AuditOrigin origin)
    {
        if (!_record.Value.Webhooks.Contains(id.Value)) throw new WebhookNotFoundException();
        try
        {
            await Webhook(id).Delete(origin);
        }
        catch (WebhookNotFoundException)
        {
            // An earlier call got that far.
        }

        await WriteAsync(_record.Value.Webhooks.Remove(id.Value));
    }

    private IWebhookGrain Webhook(WebhookId id) => GrainFactory.GetGrain<IWebhookGrain>(WebhookKey.Of(_tenant, id));

    private async Task<WebhookInfo?> FindAsync(WebhookId id)
    {
        try
        {
            return await Webhook(id).Get();
        }
        catch (WebhookNotFoundException)
        {
            return null;
        }
    }

    private async Task WriteAsync(ImmutableArray<string> webhooks)
    {
        try
        {
            await _record.WriteAsync(new WebhookListRecord { Webhooks = webhooks });
        }
        catch (InconsistentStateException)
        {
            // Another activation has written, or the answer to an earlier write was lost: what is stored counts.
            await _record.ReadAsync();
            throw new StorageUnavailableException();
        }
    }
}
