namespace Podflare.Runs;

/// <summary>The runs of one sandbox in the memory log. It goes with the last of them.</summary>
internal sealed class MemorySandbox
{
    public Dictionary<RunId, MemoryRun> Runs { get; } = [];

    /// <summary>Oldest first.</summary>
    public LinkedList<RunId> Listed { get; } = new();

    /// <summary>Set when the sandbox has ended.</summary>
    public DateTimeOffset? ListUntil { get; set; }
}
