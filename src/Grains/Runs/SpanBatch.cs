namespace Podflare.Runs;

/// <summary>Spans of one run that its programs have sent together.</summary>
/// <param name="Number">Rises from batch to batch of the run, so that one that comes again is recognized.</param>
/// <param name="Otlp">A <c>TracesData</c> of OTLP in protobuf; empty for none.</param>
/// <param name="Spans">How many it has.</param>
/// <param name="AreTop">They are directly below the run's own span.</param>
/// <param name="Dropped">Spans of the run that are known to have been dropped before.</param>
public sealed record SpanBatch(long Number, byte[] Otlp, int Spans, bool AreTop, int Dropped);

/// <summary>What became of spans.</summary>
public enum SpansOutcome
{
    Kept,

    /// <summary>The batch has been here before.</summary>
    Known,

    /// <summary>A limit is reached: they are counted alone.</summary>
    NoRoom,

    /// <summary>There is no such run, or its events are gone.</summary>
    NoRun,
}

/// <summary>The spans that the log has of a run's programs.</summary>
/// <param name="Batches">Each a <c>TracesData</c> of OTLP in protobuf.</param>
/// <param name="Dropped">Spans that were dropped.</param>
public sealed record KeptSpans(IReadOnlyList<byte[]> Batches, long Dropped);
