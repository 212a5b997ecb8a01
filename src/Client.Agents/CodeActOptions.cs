using Microsoft.Extensions.AI;
using Podflare.Extensions.AI;

namespace Podflare.Agents;

/// <summary>Options of a <see cref="CodeActProvider"/>.</summary>
/// <example>
/// <code>
/// var options = new CodeActOptions { KeepVariables = true, Sandbox = new SandboxOptions { Template = "python-datasci" } };
/// </code>
/// </example>
public sealed record CodeActOptions
{
    /// <summary>Which calls share a sandbox. Default: those of one session.</summary>
    public SandboxLifetime Lifetime { get; init; }

    /// <summary>
    /// The options of new sandboxes; null for the server's defaults. The sandbox of a session ends after its idle timeout. An idempotency key is not
    /// allowed, because it would give all sessions the same sandbox.
    /// </summary>
    public SandboxOptions? Sandbox { get; init; }

    /// <summary>
    /// Whether variables are kept between the calls of a session. Otherwise each call starts in an interpreter of its own, and only files are kept. It
    /// cannot be combined with <see cref="SandboxLifetime.PerCall"/>. In a sandbox that sessions share, each session has a context; a sandbox has at most 8.
    /// Default: no.
    /// </summary>
    public bool KeepVariables { get; init; }

    /// <summary>
    /// How the code is executed. <see cref="CodeFunctionOptions.Fresh"/> and <see cref="CodeFunctionOptions.Context"/> must not be set:
    /// <see cref="KeepVariables"/> decides.
    /// </summary>
    public CodeFunctionOptions Function { get; init; } = new();

    /// <summary>What is added to the agent's instructions. Default: a text that fits the other options.</summary>
    public string? Instructions { get; init; }

    /// <exception cref="ArgumentException">An option is not valid.</exception>
    internal void Ensure()
    {
        if (!Enum.IsDefined(Lifetime)) throw new ArgumentException($"{nameof(Lifetime)} is not a value of {nameof(SandboxLifetime)}.");
        if (Sandbox?.IdempotencyKey is not null) throw new ArgumentException($"{nameof(Sandbox)} must not have an {nameof(SandboxOptions.IdempotencyKey)}.");
        if (KeepVariables && Lifetime is SandboxLifetime.PerCall) throw new ArgumentException($"{nameof(KeepVariables)} cannot be combined with {nameof(SandboxLifetime.PerCall)}: its sandboxes end with each call.");
        ArgumentNullException.ThrowIfNull(Function);
        if (Function.Fresh || Function.Context is not null) throw new ArgumentException($"{nameof(Function)} must not set {nameof(CodeFunctionOptions.Fresh)} or {nameof(CodeFunctionOptions.Context)}; use {nameof(KeepVariables)}.");
        Function.Ensure();
    }
}
