using System.Runtime.CompilerServices;
using Microsoft.Agents.AI;
using Microsoft.Extensions.AI;
using Podflare.Extensions.AI;
using Podflare.Extensions.AI.Leases;

namespace Podflare.Agents;

/// <summary>
/// Lets an agent act by writing code: it adds a function that executes Python in a sandbox, and instructions for it. The session remembers its sandbox, also
/// when it is stored and continued in another process.
/// </summary>
/// <remarks>
/// An agent can have one such provider. The sandboxes of sessions end after their idle timeout, or with <see cref="EndConversationAsync"/>.
/// </remarks>
/// <example>
/// <code>
/// await using var code = new CodeActProvider(podflare, new CodeActOptions { KeepVariables = true });
/// AIAgent agent = model.AsAIAgent(new ChatClientAgentOptions { AIContextProviders = [code] });
/// var session = await agent.CreateSessionAsync();
/// Console.WriteLine(await agent.RunAsync("What is the 20th prime?", session));
/// </code>
/// </example>
public sealed class CodeActProvider : AIContextProvider, IAsyncDisposable
{
    private const string StateKey = "Podflare.CodeAct";

    private readonly PodflareClient? _client;
    private readonly CodeActOptions _options;
    private readonly ISandboxSource? _shared;
    private readonly ProviderSessionState<ConversationState> _states = new(static _ => new ConversationState(), StateKey, ConversationJson.Default.Options);
    private readonly ConditionalWeakTable<AgentSession, ReplaceableSandbox> _conversations = [];

    /// <summary>Creates a provider that creates sandboxes when they are needed.</summary>
    /// <param name="podflare">The client that creates the sandboxes. Its owner disposes it.</param>
    public CodeActProvider(PodflareClient podflare)
        : this(podflare, options: null)
    {
    }

    /// <summary>Creates a provider that creates sandboxes when they are needed.</summary>
    /// <param name="podflare">The client that creates the sandboxes. Its owner disposes it.</param>
    /// <param name="options">The options; null for the defaults.</param>
    /// <exception cref="ArgumentException">An option is not valid.</exception>
    public CodeActProvider(PodflareClient podflare, CodeActOptions? options)
        : this(options ?? new CodeActOptions())
    {
        ArgumentNullException.ThrowIfNull(podflare);
        _client = podflare;
        if (_options.Lifetime is SandboxLifetime.Shared) _shared = new ReplaceableSandbox(podflare, _options.Sandbox);
        else if (_options.Lifetime is SandboxLifetime.PerCall) _shared = new SandboxPerCall(podflare, _options.Sandbox);
    }

    /// <summary>Creates a provider that executes all code in one sandbox.</summary>
    /// <param name="sandbox">The sandbox. Its owner disposes it.</param>
    public CodeActProvider(Sandbox sandbox)
        : this(sandbox, new CodeActOptions())
    {
    }

    /// <summary>Creates a provider that executes all code in one sandbox.</summary>
    /// <param name="sandbox">The sandbox. Its owner disposes it.</param>
    /// <param name="options">The options. Those of new sandboxes are not used.</param>
    /// <exception cref="ArgumentException">An option is not valid.</exception>
    public CodeActProvider(Sandbox sandbox, CodeActOptions options)
        : this(WithOneSandbox(options))
    {
        ArgumentNullException.ThrowIfNull(sandbox);
        _shared = new GivenSandbox(sandbox);
    }

    private CodeActProvider(CodeActOptions options)
    {
        options.Ensure();
        _options = options;
    }

    /// <inheritdoc/>
    public override IReadOnlyList<string> StateKeys { get; } = [StateKey];

    /// <summary>Deletes the sandbox or the context of a session, if it has one. The next code of the session starts anew.</summary>
    public async ValueTask EndConversationAsync(AgentSession session, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(session);
        var state = _states.GetOrInitializeState(session);
        if (_shared is null)
        {
            await SandboxOf(session, state).DeleteAsync().ConfigureAwait(false);
            _conversations.Remove(session);
        }
        else if (state.ContextId is { } context)
        {
            await using var lease = await _shared.AcquireAsync(cancellationToken).ConfigureAwait(false);
            await lease.Sandbox.Contexts.Get(context).DeleteAsync(cancellationToken).ConfigureAwait(false);
        }

        _states.SaveState(session, new ConversationState());
    }

    /// <summary>Deletes the sandbox that this provider created for all sessions. Those of sessions end after their idle timeout.</summary>
    public ValueTask DisposeAsync() => _shared is ReplaceableSandbox own ? own.DeleteAsync() : ValueTask.CompletedTask;

    /// <inheritdoc/>
    protected override ValueTask<AIContext> ProvideAIContextAsync(InvokingContext context, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(context);
        var function = _options.Function with { Fresh = !_options.KeepVariables, Context = _options.KeepVariables ? ContextOf(context.Session) : null };
        return new ValueTask<AIContext>(new AIContext
        {
            Instructions = _options.Instructions ?? Instructions(function),
            Tools = [ExecuteCodeFunction.Create(SourceFor(context.Session), function)],
        });
    }

    private static CodeActOptions WithOneSandbox(CodeActOptions options)
    {
        ArgumentNullException.ThrowIfNull(options);
        return options with { Lifetime = SandboxLifetime.Shared };
    }

    private static string Instructions(CodeFunctionOptions function) =>
        $"You can run Python code in a sandbox with the tool `{function.Name}`. Use it for calculations, data analysis and everything that code does better. "
        + (function.Fresh ? "Variables are not kept between calls." : "Variables are kept between calls.")
        + (function.Tools.Count == 0 ? "" : " Your code can call the functions that the description of the tool lists. Do as much as you can in one program.");

    // Nothing remembers the sandbox of an agent that runs without a session.
    private ISandboxSource SourceFor(AgentSession? session) =>
        _shared ?? (session is null ? new SandboxPerCall(_client!, _options.Sandbox) : SandboxOf(session, _states.GetOrInitializeState(session)));

    private ReplaceableSandbox SandboxOf(AgentSession session, ConversationState state) => _conversations.GetValue(session, key => new ReplaceableSandbox(
        _client!,
        _options.Sandbox,
        state.SandboxId,
        id => _states.SaveState(key, new ConversationState { SandboxId = id })));

    private string? ContextOf(AgentSession? session)
    {
        if (_shared is null) return null;
        var state = _states.GetOrInitializeState(session);
        if (state.ContextId is null) _states.SaveState(session, state = new ConversationState { ContextId = $"session-{Guid.NewGuid():N}" });
        return state.ContextId;
    }
}
