using Podflare.Components;

namespace Podflare.Probes;

/// <summary>What one probe of one target says about one component.</summary>
/// <param name="Cause">Of a failure: <c>dns connect tls timeout http_5xx no_capacity wrong_output</c>; of no data, why.</param>
internal sealed record Sample(string Component, string Target, DateTimeOffset At, Outcome Outcome, string? Cause, double? Milliseconds);

/// <summary>One measured time for the charts.</summary>
internal sealed record Latency(string Series, DateTimeOffset At, double Milliseconds);

/// <summary>All that one probe has seen.</summary>
internal sealed record ProbeResult(IReadOnlyList<Sample> Samples, IReadOnlyList<Latency> Latencies);
