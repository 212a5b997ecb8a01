using System.Collections.Immutable;

namespace Podflare.Runs;

/// <summary>Which runs of a sandbox to list. Null accepts any.</summary>
/// <param name="Limit">Runs in one page, 1 to <see cref="MaxLimit"/>.</param>
/// <param name="Before">The last run of the page before; null for the first page.</param>
[GenerateSerializer, Immutable, Alias("podflare.RunFilter")]
public sealed record RunFilter(
    [property: Id(0)] RunKind? Kind = null,
    [property: Id(1)] RunState? State = null,
    [property: Id(2)] string? Context = null,
    [property: Id(3)] string? Tag = null,
    [property: Id(4)] int Limit = 100,
    [property: Id(5)] RunId? Before = null)
{
    /// <summary>Runs of a sandbox that can be listed, the newest.</summary>
    public const int MaxLimit = 256;
}

/// <summary>Runs of a sandbox, newest first.</summary>
/// <param name="Next">The value of <see cref="RunFilter.Before"/> for the next page; null when this is the last.</param>
[GenerateSerializer, Immutable, Alias("podflare.RunPage")]
public sealed record RunPage([property: Id(0)] ImmutableArray<RunInfo> Runs, [property: Id(1)] RunId? Next);
