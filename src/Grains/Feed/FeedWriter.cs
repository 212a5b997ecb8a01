using Microsoft.Extensions.Logging;
using Podflare.Resilience;
using Podflare.Telemetry;
using Podflare.Tenants;

namespace Podflare.Feed;

/// <summary>Adds events to the feeds of tenants, and wakes those who wait for them.</summary>
public sealed class FeedWriter(IFeedLog log, IGrainFactory grains, ILogger<FeedWriter> logger)
{
    /// <summary>Adds events in their order. Those that the feed has already are left out, so a call that failed can be repeated.</summary>
    /// <exception cref="StorageUnavailableException">The store does not answer.</exception>
    public async Task AppendAsync(TenantId tenant, IReadOnlyList<FeedEvent> events, CancellationToken cancellationToken)
    {
        if (events.Count == 0) return;
        foreach (var added in await log.AppendAsync(tenant, events, cancellationToken))
            Instruments.FeedEvents.Add(1, new KeyValuePair<string, object?>("type", events[added].Type));
        // Also when nothing was added: whoever told it before may have died before this.
        Background.Run(logger, "feed notification", NotifyAsync(tenant));
    }

    private async Task NotifyAsync(TenantId tenant)
    {
        try
        {
            await grains.GetGrain<IFeedGrain>(tenant.Value).Notify();
        }
        catch (Exception e) when (Transient.IsTransient(e))
        {
            // Those who wait look by themselves a moment later.
        }
    }
}
