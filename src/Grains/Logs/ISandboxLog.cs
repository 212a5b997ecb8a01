using Podflare.Sandboxes;

namespace Podflare.Logs;

/// <summary>The stored lines about sandboxes. Two implementations: Redis, and memory for the embedded process. Any process may append.</summary>
/// <remarks>Every method throws <see cref="StorageUnavailableException"/> when the store does not answer.</remarks>
public interface ISandboxLog
{
    /// <summary>Adds lines. Each gets the next number of its sandbox.</summary>
    /// <param name="dropped">Lines before these that were not stored. They use up numbers, so that readers can count them.</param>
    Task AppendAsync(SandboxId sandbox, IReadOnlyList<SandboxLogLine> lines, long dropped, CancellationToken cancellationToken);

    /// <summary>Lines with a higher number, oldest first.</summary>
    /// <param name="after">A number that the log has not reached counts as 0: the log has begun anew.</param>
    Task<SandboxLogPage> ReadAsync(SandboxId sandbox, long after, int count, CancellationToken cancellationToken);
}
