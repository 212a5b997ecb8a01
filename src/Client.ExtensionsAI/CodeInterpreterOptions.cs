namespace Podflare.Extensions.AI;

/// <summary>Options of a <see cref="CodeInterpreterChatClient"/>.</summary>
/// <example>
/// <code>
/// var options = new CodeInterpreterOptions { Sandbox = new SandboxOptions { Template = "python-datasci" } };
/// </code>
/// </example>
public sealed record CodeInterpreterOptions
{
    /// <summary>Which calls share a sandbox. Default: those of one conversation.</summary>
    public SandboxLifetime Lifetime { get; init; }

    /// <summary>
    /// The options of new sandboxes; null for the server's defaults. The sandbox of a conversation ends after its idle timeout. An idempotency key is
    /// not allowed, because it would give all conversations the same sandbox.
    /// </summary>
    public SandboxOptions? Sandbox { get; init; }

    /// <summary>How the code is executed.</summary>
    public CodeFunctionOptions Function { get; init; } = new();

    /// <summary>
    /// The number of conversations whose history the model's service keeps (those with a conversation ID) of which the sandbox is remembered, 1 to
    /// 1,000,000. The oldest is forgotten first, and then continues in a new sandbox. Default: 1,000.
    /// </summary>
    public int MaxConversations { get; init; } = 1_000;

    /// <exception cref="ArgumentException">An option is not valid.</exception>
    internal void Ensure()
    {
        if (!Enum.IsDefined(Lifetime)) throw new ArgumentException($"{nameof(Lifetime)} is not a value of {nameof(SandboxLifetime)}.");
        if (Sandbox?.IdempotencyKey is not null) throw new ArgumentException($"{nameof(Sandbox)} must not have an {nameof(SandboxOptions.IdempotencyKey)}.");
        ArgumentOutOfRangeException.ThrowIfLessThan(MaxConversations, 1, nameof(MaxConversations));
        ArgumentOutOfRangeException.ThrowIfGreaterThan(MaxConversations, 1_000_000, nameof(MaxConversations));
        ArgumentNullException.ThrowIfNull(Function);
        Function.Ensure();
    }
}
