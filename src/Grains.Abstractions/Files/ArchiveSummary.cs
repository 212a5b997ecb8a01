namespace Podflare.Files;

/// <summary>What was written of an archive.</summary>
/// <param name="Bytes">Of the contents of files.</param>
[GenerateSerializer, Immutable, Alias("podflare.ArchiveSummary")]
public sealed record ArchiveSummary([property: Id(0)] long Files, [property: Id(1)] long Directories, [property: Id(2)] long Bytes);
