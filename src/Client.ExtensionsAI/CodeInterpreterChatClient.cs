using System.Runtime.CompilerServices;
using Microsoft.Extensions.AI;
using Podflare.Extensions.AI.Interpreter;
using Podflare.Extensions.AI.Leases;

namespace Podflare.Extensions.AI;

/// <summary>
/// Gives any model a code interpreter. Where a request has a <see cref="HostedCodeInterpreterTool"/>, the model gets a function that executes Python
/// in a sandbox. The caller sees its calls as <see cref="CodeInterpreterToolCallContent"/> and <see cref="CodeInterpreterToolResultContent"/>, as if the
/// model's own service had executed them.
/// </summary>
/// <remarks>
/// <para>
/// The client that invokes functions must be inside: call <c>UsePodflareCodeInterpreter</c> before <c>UseFunctionInvocation</c>.
/// </para>
/// <para>
/// <see cref="DataContent"/> with a name among the tool's <see cref="HostedCodeInterpreterTool.Inputs"/> is written into the home directory of the sandbox,
/// where code finds it by its name. Other inputs are ignored.
/// </para>
/// <para>
/// With <see cref="SandboxLifetime.PerConversation"/>, the conversation is recognized by the results in its history, or by its
/// <see cref="ChatOptions.ConversationId"/> if the model's service keeps the history. Do not accept a history from somebody who may not use the
/// sandboxes that it names.
/// </para>
/// </remarks>
/// <example>
/// <code>
/// IChatClient client = model.AsBuilder().UsePodflareCodeInterpreter(podflare).UseFunctionInvocation().Build();
/// var response = await client.GetResponseAsync("What is 2 ** 100?", new ChatOptions { Tools = [new HostedCodeInterpreterTool()] });
/// </code>
/// </example>
public sealed class CodeInterpreterChatClient : DelegatingChatClient, IAsyncDisposable
{
    private readonly PodflareClient? _client;
    private readonly CodeInterpreterOptions _options;
    private readonly ISandboxSource? _shared;
    private readonly ConversationSandboxes _conversations;

    /// <summary>Creates a client that creates sandboxes when they are needed.</summary>
    /// <param name="innerClient">The client of the model, with function invocation.</param>
    /// <param name="podflare">The client that creates the sandboxes. Its owner disposes it.</param>
    /// <exception cref="InvalidOperationException"><paramref name="innerClient"/> does not invoke functions.</exception>
    public CodeInterpreterChatClient(IChatClient innerClient, PodflareClient podflare)
        : this(innerClient, podflare, options: null)
    {
    }

    /// <summary>Creates a client that creates sandboxes when they are needed.</summary>
    /// <param name="innerClient">The client of the model, with function invocation.</param>
    /// <param name="podflare">The client that creates the sandboxes. Its owner disposes it.</param>
    /// <param name="options">The options; null for the defaults.</param>
    /// <exception cref="InvalidOperationException"><paramref name="innerClient"/> does not invoke functions.</exception>
    /// <exception cref="ArgumentException">An option is not valid.</exception>
    public CodeInterpreterChatClient(IChatClient innerClient, PodflareClient podflare, CodeInterpreterOptions? options)
        : this(innerClient, options ?? new CodeInterpreterOptions())
    {
        ArgumentNullException.ThrowIfNull(podflare);
        _client = podflare;
        if (_options.Lifetime is SandboxLifetime.Shared) _shared = new ReplaceableSandbox(podflare, _options.Sandbox);
        else if (_options.Lifetime is SandboxLifetime.PerCall) _shared = new SandboxPerCall(podflare, _options.Sandbox);
    }

    /// <summary>Creates a client that executes all code in one sandbox.</summary>
    /// <param name="innerClient">The client of the model, with function invocation.</param>
    /// <param name="sandbox">The sandbox. Its owner disposes it.</param>
    /// <exception cref="InvalidOperationException"><paramref name="innerClient"/> does not invoke functions.</exception>
    public CodeInterpreterChatClient(IChatClient innerClient, Sandbox sandbox)
        : this(innerClient, sandbox, new CodeFunctionOptions())
    {
    }

    /// <summary>Creates a client that executes all code in one sandbox.</summary>
    /// <param name="innerClient">The client of the model, with function invocation.</param>
    /// <param name="sandbox">The sandbox. Its owner disposes it.</param>
    /// <param name="options">How the code is executed.</param>
    /// <exception cref="InvalidOperationException"><paramref name="innerClient"/> does not invoke functions.</exception>
    /// <exception cref="ArgumentException">An option is not valid.</exception>
    public CodeInterpreterChatClient(IChatClient innerClient, Sandbox sandbox, CodeFunctionOptions options)
        : this(innerClient, new CodeInterpreterOptions { Lifetime = SandboxLifetime.Shared, Function = options })
    {
        ArgumentNullException.ThrowIfNull(sandbox);
        _shared = new GivenSandbox(sandbox);
    }

    private CodeInterpreterChatClient(IChatClient innerClient, CodeInterpreterOptions options)
        : base(innerClient)
    {
        options.Ensure();
        // Outside of this client it would execute the converted calls, or never see them.
        if (innerClient.GetService<FunctionInvokingChatClient>() is null)
            throw new InvalidOperationException("The code interpreter needs a client inside that invokes functions. Call UsePodflareCodeInterpreter before UseFunctionInvocation.");
        _options = options;
        _conversations = new ConversationSandboxes(options.MaxConversations);
    }

    /// <inheritdoc/>
    public override async Task<ChatResponse> GetResponseAsync(IEnumerable<ChatMessage> messages, ChatOptions? options = null, CancellationToken cancellationToken = default)
    {
        var turn = Begin(messages, options);
        var response = await base.GetResponseAsync(turn.Messages, turn.Options, cancellationToken).ConfigureAwait(false);
        response.Messages = [.. response.Messages.Select(turn.Contents.ForCaller)];
        Remember(turn, response.ConversationId);
        return response;
    }

    /// <inheritdoc/>
    public override async IAsyncEnumerable<ChatResponseUpdate> GetStreamingResponseAsync(
        IEnumerable<ChatMessage> messages, ChatOptions? options = null, [EnumeratorCancellation] CancellationToken cancellationToken = default)
    {
        var turn = Begin(messages, options);
        await foreach (var update in base.GetStreamingResponseAsync(turn.Messages, turn.Options, cancellationToken).ConfigureAwait(false))
        {
            Remember(turn, update.ConversationId);
            yield return turn.Contents.ForCaller(update);
        }
    }

    /// <summary>Deletes the sandbox that this client created for all conversations, and disposes the client of the model. Sandboxes of conversations end after their idle timeout.</summary>
    public async ValueTask DisposeAsync()
    {
        if (_shared is ReplaceableSandbox own) await own.DeleteAsync().ConfigureAwait(false);
        Dispose();
    }

    private Turn Begin(IEnumerable<ChatMessage> messages, ChatOptions? options)
    {
        ArgumentNullException.ThrowIfNull(messages);
        var history = messages as IReadOnlyCollection<ChatMessage> ?? [.. messages];
        var conversation = _shared is null ? new ReplaceableSandbox(_client!, _options.Sandbox, SandboxOf(history, options?.ConversationId)) : null;
        var contents = new InterpreterContents(_options.Function.Name, () => conversation?.SandboxId);
        return new Turn(contents.ForModel(history), WithFunction(options, _shared ?? conversation!), contents, conversation);
    }

    private string? SandboxOf(IEnumerable<ChatMessage> history, string? conversationId) =>
        InterpreterContents.SandboxOf(history) ?? (conversationId is null ? null : _conversations.Find(conversationId));

    private ChatOptions? WithFunction(ChatOptions? options, ISandboxSource source)
    {
        if (options?.Tools is not { } tools || tools.OfType<HostedCodeInterpreterTool>().ToList() is not { Count: > 0 } hosted) return options;
        var changed = options.Clone();
        changed.Tools = [.. tools.Where(tool => tool is not HostedCodeInterpreterTool), ExecuteCodeFunction.Create(source, _options.Function, InputFiles.Of(hosted.SelectMany(tool => tool.Inputs ?? [])))];
        if (options.ToolMode is RequiredChatToolMode { RequiredFunctionName: { } name } && hosted.Exists(tool => tool.Name == name))
            changed.ToolMode = ChatToolMode.RequireSpecific(_options.Function.Name);
        return changed;
    }

    private void Remember(Turn turn, string? conversationId)
    {
        if (conversationId is not null && turn.Conversation?.SandboxId is { } sandbox) _conversations.Set(conversationId, sandbox);
    }

    /// <summary>One request to the model.</summary>
    private sealed record Turn(IEnumerable<ChatMessage> Messages, ChatOptions? Options, InterpreterContents Contents, ReplaceableSandbox? Conversation);
}
