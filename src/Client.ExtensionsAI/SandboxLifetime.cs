namespace Podflare.Extensions.AI;

/// <summary>Which calls share a sandbox.</summary>
/// <example>
/// <code>
/// var options = new CodeInterpreterOptions { Lifetime = SandboxLifetime.PerCall };
/// </code>
/// </example>
public enum SandboxLifetime
{
    /// <summary>
    /// Each conversation has its own sandbox, which keeps variables and files. It is created for the first code of the conversation. If it has ended by
    /// the time of a later call, a new one is created and the model is told that variables and files are gone.
    /// </summary>
    PerConversation,

    /// <summary>Each execution has a sandbox of its own, which is deleted afterwards.</summary>
    PerCall,

    /// <summary>All conversations share one sandbox. Use it only if all of them may see each other's data.</summary>
    Shared,
}
