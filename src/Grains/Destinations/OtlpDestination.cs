using Microsoft.Extensions.Configuration;
using Podflare.Guests;
using Podflare.Telemetry;

namespace Podflare.Destinations;

/// <summary>Where one kind of telemetry goes.</summary>
/// <param name="Headers">Those of the configuration or of the tenant's destination; never those of a program's request.</param>
internal sealed record OtlpDestination(Uri Address, IReadOnlyList<KeyValuePair<string, string>> Headers)
{
    private static readonly TelemetrySignal[] Signals = Enum.GetValues<TelemetrySignal>();

    /// <summary>The endpoints of this process, those that speak HTTP.</summary>
    public static IReadOnlyDictionary<TelemetrySignal, OtlpDestination> OfProcess(IConfiguration settings) =>
        Signals.Select(signal => (signal, Found: Find(signal, settings))).Where(pair => pair.Found is not null).ToDictionary(pair => pair.signal, pair => pair.Found!);

    /// <summary>The addresses below the endpoint of a tenant.</summary>
    /// <param name="signals">By name.</param>
    public static IReadOnlyDictionary<TelemetrySignal, OtlpDestination> OfTenant(string endpoint, IReadOnlyList<KeyValuePair<string, string>> headers, IEnumerable<string> signals) =>
        Signals.Where(signal => signals.Contains(NameOf(signal))).ToDictionary(signal => signal, signal => new OtlpDestination(new Uri($"{endpoint.TrimEnd('/')}/v1/{NameOf(signal)}"), headers));

    public static string NameOf(TelemetrySignal signal) => signal.ToString().ToLowerInvariant();

    /// <returns>Null where there is no endpoint for it, or none that speaks HTTP.</returns>
    private static OtlpDestination? Find(TelemetrySignal signal, IConfiguration settings)
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
