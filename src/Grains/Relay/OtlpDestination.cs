using Microsoft.Extensions.Configuration;
using Podflare.Guests;
using Podflare.Telemetry;

namespace Podflare.Relay;

/// <summary>Where one kind of telemetry goes: the same endpoint as this process's own.</summary>
/// <param name="Headers">Those of the configuration; never those of a program's request.</param>
internal sealed record OtlpDestination(Uri Address, IReadOnlyList<KeyValuePair<string, string>> Headers)
{
    /// <returns>Null where there is no endpoint for it, or none that speaks HTTP.</returns>
    public static OtlpDestination? Find(TelemetrySignal signal, IConfiguration settings)
    {
        var configured = SignalOf(signal);
        if (!configured.IsExported(settings) || configured.UsesGrpc(settings) || configured.Address(settings) is not { } address) return null;
        return new OtlpDestination(address, configured.Headers(settings));
    }

    /// <summary>The endpoint speaks gRPC alone, which the relay does not.</summary>
    public static bool IsGrpc(TelemetrySignal signal, IConfiguration settings) => SignalOf(signal) is var configured && configured.IsExported(settings) && configured.UsesGrpc(settings);

    private static OtlpSignal SignalOf(TelemetrySignal signal) => signal switch
    {
        TelemetrySignal.Traces => OtlpSignal.Traces,
        TelemetrySignal.Logs => OtlpSignal.Logs,
        _ => OtlpSignal.Metrics,
    };
}
