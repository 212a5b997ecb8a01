namespace Podflare.Runs;

/// <summary>The runs of one sandbox in the memory log. It goes with the last of them.</summary>
internal sealed class MemorySandbox
{
    public Dictionary<RunId, MemoryRun> Runs { get; } = [];

    /// <summary>Oldest first.</summary>
    public LinkedList<RunId> Listed { get; } = new();

    /// <summary>The ended runs whose events are kept, oldest first. A run that has expired since is still among them.</summary>
    public Queue<MemoryRun> Closed { get; } = new();

    /// <summary>What its runs count towards its budget, in bytes.</summary>
    public long Bytes { get; set; }

    /// <summary>Set when the sandbox has ended.</summary>
    public DateTimeOffset? ListUntil { get; set; }

    /// <summary>Set when the sandbox was deleted: its events expire then, if not before.</summary>
    public DateTimeOffset? EventsUntil { get; set; }
}
