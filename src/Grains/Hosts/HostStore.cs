using Podflare.Runs;
using Podflare.Storage;

namespace Podflare.Hosts;

/// <summary>The cluster's store, as a host sees it.</summary>
public sealed class HostStore(IEventLog log, StoreAvailability availability)
{
    /// <inheritdoc cref="IEventLog.Epoch"/>
    public int Epoch => log.Epoch;

    /// <inheritdoc cref="StoreAvailability.IsAvailable"/>
    public bool IsAvailable => availability.IsAvailable;
}
