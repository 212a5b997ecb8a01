namespace Podflare.Runs;

/// <summary>What the runs of one sandbox that one key started have used: counted in the same step that writes their <c>exit</c>.</summary>
/// <param name="Runs">Runs that ended.</param>
/// <param name="Bytes">Bytes of all their event lines, <c>exit</c> included.</param>
public readonly record struct RunUsage(long Runs, long Bytes)
{
    /// <summary>Stands for the id of the key where a caller has none.</summary>
    public const string NoKey = "-";

    /// <summary>The late output of all runs is output, but no run.</summary>
    internal static RunUsage Of(RunRecord? record, long bytes) => new(record?.Kind is RunKind.Background ? 0 : 1, bytes);
}
