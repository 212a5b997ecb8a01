using System.Runtime.CompilerServices;
using Microsoft.Extensions.AI;

namespace Podflare.AgentTests.Models;

/// <summary>A model whose answers are written by the test. It keeps what it was asked.</summary>
internal sealed class ScriptedModel(params Func<IReadOnlyList<ChatMessage>, AIContent>[] answers) : IChatClient
{
    private int _next;

    /// <summary>The messages of each request.</summary>
    public List<IReadOnlyList<ChatMessage>> Requests { get; } = [];

    /// <summary>The options of the last request.</summary>
    public ChatOptions? Options { get; private set; }

    /// <summary>The ID of the conversation, which this model's service then keeps.</summary>
    public string? ConversationId { get; init; }

    /// <summary>A call of the function that executes code.</summary>
    public static Func<IReadOnlyList<ChatMessage>, AIContent> Runs(string code) =>
        _ => new FunctionCallContent($"call_{Guid.NewGuid():N}", "execute_code", new Dictionary<string, object?> { ["code"] = code });

    public static Func<IReadOnlyList<ChatMessage>, AIContent> Says(string text) => _ => new TextContent(text);

    /// <summary>Repeats the result of the last call.</summary>
    public static Func<IReadOnlyList<ChatMessage>, AIContent> SaysTheResult() => messages => new TextContent(TextOf(LastResult(messages)));

    public static FunctionResultContent LastResult(IEnumerable<ChatMessage> messages) => messages.SelectMany(message => message.Contents).OfType<FunctionResultContent>().Last();

    public static string TextOf(FunctionResultContent result) => result.Result switch
    {
        IEnumerable<AIContent> contents => string.Concat(contents.OfType<TextContent>().Select(content => content.Text)),
        { } other => other.ToString()!,
        null => "",
    };

    public Task<ChatResponse> GetResponseAsync(IEnumerable<ChatMessage> messages, ChatOptions? options = null, CancellationToken cancellationToken = default) =>
        Task.FromResult(new ChatResponse(new ChatMessage(ChatRole.Assistant, [Answer(messages, options)])) { ConversationId = ConversationId });

    public async IAsyncEnumerable<ChatResponseUpdate> GetStreamingResponseAsync(
        IEnumerable<ChatMessage> messages, ChatOptions? options = null, [EnumeratorCancellation] CancellationToken cancellationToken = default)
    {
        var answer = Answer(messages, options);
        // As of a service: texts arrive in pieces.
        var pieces = answer is TextContent text ? text.Text.Chunk(4).Select(piece => (AIContent)new TextContent(new string(piece))) : [answer];
        foreach (var piece in pieces)
        {
            await Task.Yield();
            yield return new ChatResponseUpdate(ChatRole.Assistant, [piece]) { ConversationId = ConversationId };
        }
    }

    public object? GetService(Type serviceType, object? serviceKey = null) => serviceKey is null && serviceType.IsInstanceOfType(this) ? this : null;

    public void Dispose()
    {
    }

    private AIContent Answer(IEnumerable<ChatMessage> messages, ChatOptions? options)
    {
        Requests.Add([.. messages]);
        Options = options;
        return answers[_next++](Requests[^1]);
    }
}
