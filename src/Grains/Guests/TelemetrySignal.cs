namespace Podflare.Guests;

/// <summary>A kind of telemetry, by its number in the guest protocol.</summary>
public enum TelemetrySignal : byte
{
    Traces = 1,
    Logs = 2,
    Metrics = 3,
}
