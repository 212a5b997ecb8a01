namespace Podflare.Runs;

/// <summary>Bytes for the standard input of a run.</summary>
/// <param name="Bytes">0 to <see cref="MaxBytes"/> bytes.</param>
/// <param name="IsEnd">End of input after these bytes; on a terminal, Ctrl-D.</param>
/// <param name="Offset">
/// Where in the input the first byte belongs: bytes that the sandbox has counted already are skipped, so that the request may be repeated. Null appends.
/// </param>
[GenerateSerializer, Immutable, Alias("podflare.StdinChunk")]
public sealed record StdinChunk([property: Id(0)] byte[] Bytes, [property: Id(1)] bool IsEnd = false, [property: Id(2)] long? Offset = null)
{
    /// <summary>Most bytes in one request, and most bytes of one run that wait to be read.</summary>
    public const int MaxBytes = 1024 * 1024;
}
