using System.Collections.Immutable;

namespace Podflare.Runs;

/// <summary>What a run of kind <see cref="RunKind.Process"/> executes.</summary>
/// <param name="Argv">Program and arguments, 1 to 1,024 items; empty where the run's code is a command for <c>bash -c</c>.</param>
/// <param name="Cwd">Absolute path; null for the home directory.</param>
/// <param name="Terminal">Size of its terminal; null for a process without one. A terminal implies standard input.</param>
[GenerateSerializer, Immutable, Alias("podflare.ProcessSpec")]
public sealed record ProcessSpec(
    [property: Id(0)] ImmutableArray<string> Argv, [property: Id(1)] string? Cwd = null, [property: Id(2)] TerminalSize? Terminal = null);

/// <summary>The size of a terminal in characters, 1 to 1,000 each.</summary>
[GenerateSerializer, Immutable, Alias("podflare.TerminalSize")]
public sealed record TerminalSize([property: Id(0)] int Columns, [property: Id(1)] int Rows)
{
    /// <summary>Most columns, and most rows.</summary>
    public const int Max = 1_000;
}
