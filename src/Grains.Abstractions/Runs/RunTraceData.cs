namespace Podflare.Runs;

/// <summary>The spans of a run.</summary>
/// <param name="Json">OTLP's <c>TracesData</c> as OTLP's JSON, in UTF-8.</param>
/// <param name="IsOpen">Whether further spans may come, and those that are there may still change.</param>
[GenerateSerializer, Immutable, Alias("podflare.RunTraceData")]
public sealed record RunTraceData([property: Id(0)] byte[] Json, [property: Id(1)] bool IsOpen)
{
    /// <summary>Spans of the run's programs that were dropped because of a limit; an estimate.</summary>
    [Id(2)]
    public long Dropped { get; init; }
}
