using Podflare.Components;

namespace Podflare.Probes;

/// <summary>The result of one probe of one target for one component.</summary>
/// <param name="Cause">The cause of a failure (<c>dns connect tls timeout http_5xx no_capacity wrong_output</c>), or the reason for missing data.</param>
internal sealed record Sample(string Component, string Target, DateTimeOffset At, Outcome Outcome, string? Cause, double? Milliseconds);

/// <summary>One measured duration for the charts.</summary>
internal sealed record Latency(string Series, DateTimeOffset At, double Milliseconds);

/// <summary>The samples and latencies of one probe.</summary>
internal sealed record ProbeResult(IReadOnlyList<Sample> Samples, IReadOnlyList<Latency> Latencies);
