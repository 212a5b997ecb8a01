namespace Podflare.Runs;

/// <summary>Names a run of kind <see cref="RunKind.Process"/> by what programs in the sandbox know of it. Exactly one of both is set.</summary>
/// <param name="Pid">Id of its process. Of several with the same id over time, the newest is meant.</param>
/// <param name="Tag">The caller's name for it. Of several with the same tag, an open one is meant, else the newest.</param>
[GenerateSerializer, Immutable, Alias("podflare.ProcessSelector")]
public readonly record struct ProcessSelector([property: Id(0)] int? Pid, [property: Id(1)] string? Tag);
