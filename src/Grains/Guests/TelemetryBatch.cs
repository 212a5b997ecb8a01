using System.Collections.Immutable;
using Podflare.Runs;

namespace Podflare.Guests;

/// <summary>The body of one OTLP request of a sandbox's program, as it came.</summary>
/// <param name="Number">Counts the batches over the life of the guest, from 1.</param>
/// <param name="Runs">The last runs that the program may belong to, in the order of their start; 8 at most.</param>
/// <param name="Dropped">Batches of traces, logs and metrics that the guest has dropped since the batch before, because its queue was full.</param>
public sealed record TelemetryBatch(
    ulong Number, TelemetrySignal Signal, bool IsJson, bool IsGzip, ImmutableArray<RunInterval> Runs, ImmutableArray<long> Dropped, ReadOnlyMemory<byte> Body);

/// <summary>When a run executed, by the clock of its sandbox.</summary>
/// <param name="StartMs">Unix time in ms.</param>
/// <param name="EndMs">Unix time in ms; 0 while it executes.</param>
public readonly record struct RunInterval(RunId Run, long StartMs, long EndMs);
