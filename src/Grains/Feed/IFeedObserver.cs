using Podflare.Tenants;

namespace Podflare.Feed;

/// <summary>Learns that a feed has new events. It may be told more often than that.</summary>
public interface IFeedObserver
{
    /// <summary>Must neither wait nor fail.</summary>
    void OnAppended(TenantId tenant);
}
