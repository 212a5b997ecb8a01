using System.Runtime.CompilerServices;
using Microsoft.Extensions.AI;

namespace AgentSample;

/// <summary>Answers each question with a call of <c>execute_code</c>, and then with what the code returned.</summary>
internal sealed class ScriptedModel(params string[] programs) : IChatClient
{
    private int _next;

    public async Task<ChatResponse> GetResponseAsync(IEnumerable<ChatMessage> messages, ChatOptions? options = null, CancellationToken cancellationToken = default) =>
        await GetStreamingResponseAsync(messages, options, cancellationToken).ToChatResponseAsync(cancellationToken);

    public async IAsyncEnumerable<ChatResponseUpdate> GetStreamingResponseAsync(
        IEnumerable<ChatMessage> messages, ChatOptions? options = null, [EnumeratorCancellation] CancellationToken cancellationToken = default)
    {
        await Task.Yield();
        var result = messages.Last().Contents.OfType<FunctionResultContent>().FirstOrDefault();
        AIContent answer = result is null
            ? new FunctionCallContent($"call_{_next}", "execute_code", new Dictionary<string, object?> { ["code"] = programs[_next++] })
            : new TextContent($"It is {result.Result?.ToString()?.Trim()}.");
        yield return new ChatResponseUpdate(ChatRole.Assistant, [answer]);
    }

    public object? GetService(Type serviceType, object? serviceKey = null) => null;

    public void Dispose()
    {
    }
}
