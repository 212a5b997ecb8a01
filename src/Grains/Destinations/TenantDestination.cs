using Podflare.Guests;

namespace Podflare.Destinations;

/// <summary>Where the telemetry of one tenant goes, as this process knows it.</summary>
/// <param name="Stored">Null where the tenant has no destination.</param>
/// <param name="Sender">Null where this process cannot send there.</param>
internal sealed record TenantDestination(StoredDestination? Stored, OtlpSender? Sender)
{
    /// <summary>The tenant has its own destination: nothing that its programs send goes to the operator.</summary>
    public bool Exists => Stored is not null;

    public bool Takes(TelemetrySignal signal) => Sender?.Takes(signal) == true;

    /// <summary>They are one and the same change.</summary>
    public bool IsOf(StoredDestination? stored) => Stored?.Headers == stored?.Headers;
}
