using Podflare.Files;

namespace Podflare.Runs;

/// <summary>What a run of kind <see cref="RunKind.Watch"/> watches.</summary>
/// <param name="Path">A file or folder that exists.</param>
/// <param name="Recursive">Folders below it are watched too, also those that appear later.</param>
[GenerateSerializer, Immutable, Alias("podflare.WatchSpec")]
public sealed record WatchSpec([property: Id(0)] FilePath Path, [property: Id(1)] bool Recursive);
