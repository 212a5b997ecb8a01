using System.Collections.Immutable;

namespace Podflare.Traffic;

/// <summary>What one host does for one tenant, now and in the last hour.</summary>
/// <param name="Sandboxes">Living sandboxes by template.</param>
/// <param name="ActiveRuns">Runs that execute.</param>
/// <param name="QueuedRuns">Runs that wait for their turn.</param>
/// <param name="Minutes">The minutes in which something happened, in any order. Empty after the worker has started anew.</param>
[GenerateSerializer, Immutable, Alias("podflare.HostTraffic")]
public sealed record HostTraffic(
    [property: Id(0)] ImmutableDictionary<string, int> Sandboxes,
    [property: Id(1)] int ActiveRuns,
    [property: Id(2)] int QueuedRuns,
    [property: Id(3)] ImmutableArray<TrafficMinute> Minutes);

/// <summary>What happened within one minute.</summary>
/// <param name="Minute">Minutes since 1970.</param>
/// <param name="Creates">Sandboxes that were created.</param>
/// <param name="Runs">Runs of code and processes that ended.</param>
/// <param name="Errors">Those of them whose exit code was not 0.</param>
/// <param name="CreateTimes">How long creates took, see <see cref="Durations"/>.</param>
/// <param name="RunTimes">How long runs took, from acceptance to exit.</param>
[GenerateSerializer, Immutable, Alias("podflare.TrafficMinute")]
public sealed record TrafficMinute(
    [property: Id(0)] long Minute,
    [property: Id(1)] int Creates,
    [property: Id(2)] int Runs,
    [property: Id(3)] int Errors,
    [property: Id(4)] ImmutableArray<int> CreateTimes,
    [property: Id(5)] ImmutableArray<int> RunTimes);
