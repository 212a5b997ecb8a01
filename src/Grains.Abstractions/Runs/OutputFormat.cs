namespace Podflare.Runs;

/// <summary>How the output of a process or of bash is read, and how its events show it.</summary>
/// <param name="MergesStderr">Standard error goes into the pipe of standard output: one stream, in exact order.</param>
/// <param name="IsOrdered">The order of both streams is that of the writes. A program that does not wait for its pipe may lose output.</param>
/// <param name="IsBinary">Events hold exactly the bytes, as base64, one event for each read.</param>
[GenerateSerializer, Immutable, Alias("podflare.OutputFormat")]
public sealed record OutputFormat([property: Id(0)] bool MergesStderr = false, [property: Id(1)] bool IsOrdered = false, [property: Id(2)] bool IsBinary = false)
{
    /// <summary>Two streams of text, read as they arrive.</summary>
    public static readonly OutputFormat Default = new();
}
